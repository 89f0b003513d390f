import assert from "node:assert/strict";
import { test } from "node:test";
import { shaCrypt } from "../../../src/text/sha_crypt.ts";

// Hashes as crypt(3) of glibc prints them; the passwords and salts are those of the specification.

test("shaCrypt() makes SHA-512 hashes as crypt(3) does", () => {
  assert.equal(
    shaCrypt("sha512", "Hello world!", "saltstring"),
    "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
  );
  assert.equal(
    shaCrypt("sha512", "Hello world!", "saltstringsaltstring", 10_000),
    "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.",
  );
});

test("shaCrypt() makes SHA-256 hashes as crypt(3) does", () => {
  assert.equal(
    shaCrypt("sha256", "Hello world!", "saltstring"),
    "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5",
  );
  assert.equal(
    shaCrypt("sha256", "Hello world!", "saltstringsaltstring", 10_000),
    "$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA",
  );
});
