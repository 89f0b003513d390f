import assert from "node:assert/strict";
import { test } from "node:test";
import { parseKeys, shownKey } from "../../../../src/plugins/modules/gpg/keys.ts";
import { readVerification } from "../../../../src/plugins/modules/gpg/messages.ts";
import { testContext } from "../../../support/exec_context.ts";

/** What gpg 2.2 prints of a key without an end, and of one that is revoked. */
const listing = `tru::1:1764181234:0:3:1:5
pub:u:3072:1:35300C4FFADA9A1C:1764115200:::u:::scESC::::::23::0:
fpr:::::::::ADCDEDD283DC2FF53BDB4A0035300C4FFADA9A1C:
uid:u::::1764115200::0123::Ann\\x3a Émile <ann@example.com>::::::::::0:
uid:u::::1764115200::0123::Ann <a@example.com>::::::::::0:
sub:u:3072:1:1234567890ABCDEF:1764115200::::::e::::::23:
fpr:::::::::1111111111111111111111111111111111111111:
pub:r:255:22:3B272B93F20E177D:1764115200:1827187200::-:::sc::::::::0:
fpr:::::::::87620A6757616FA7A2840CE83B272B93F20E177D:
`;

test("parseKeys() reads names with colons, and the fingerprint of the key itself", () => {
  const [ann, other] = parseKeys(listing.replaceAll("\\\\", "\\"));
  assert.deepEqual(ann!.uids, ["Ann: Émile <ann@example.com>", "Ann <a@example.com>"]);
  assert.equal(ann!.fingerprint, "ADCDEDD283DC2FF53BDB4A0035300C4FFADA9A1C");
  const { created, ...shown } = shownKey(other!);
  assert.match(String(created), /^2025-11-2[56]$/);
  assert.deepEqual({ ...shown, expires: undefined }, {
    keyid: "3B272B93F20E177D",
    fingerprint: "87620A6757616FA7A2840CE83B272B93F20E177D",
    uids: [],
    keyLength: "255",
    ownerTrust: "Unknown",
    trust: "Revoked",
    expires: undefined,
  });
});

test("readVerification() takes nothing for good but a good signature of a good key", () => {
  const good: [string, string] = ["GOODSIG", "35300C4FFADA9A1C Ann <ann@example.com>"];
  const trust: [string, string] = ["TRUST_FULLY", "0 pgp"];
  assert.deepEqual(readVerification([good, trust]), {
    res: true,
    username: "Ann <ann@example.com>",
    key_id: "35300C4FFADA9A1C",
    trust_level: "Fully",
    message: "The signature is verified.",
  });
  for (const word of ["BADSIG", "ERRSIG", "EXPKEYSIG", "REVKEYSIG", "EXPSIG"]) {
    assert.equal(readVerification([[word, good[1]], trust])["res"], false, word);
    assert.equal(readVerification([good, [word, good[1]], trust])["res"], false, word);
  }
  assert.equal(readVerification([good])["res"], false);
  assert.equal(readVerification([trust])["res"], false);
});

test("gpg takes no name of a key for an option, nor a line for more", async () => {
  const ctx = await testContext();
  const home = { gnupghome: "/nowhere/saltx" };
  const call = async (fun: string, kwargs: Record<string, string>) =>
    await ctx.salt(fun, [], { ...home, ...kwargs });
  const crooked = { recipients: "--output=/etc/passwd", text: "x" };
  await assert.rejects(call("gpg.encrypt", crooked), /cannot be the name of a key/);
  await assert.rejects(call("gpg.export_key", { keyids: "--help" }), /cannot be the name of a key/);
  await assert.rejects(call("gpg.create_key", { name_real: "A\n%commit" }), /one line of text/);
  await assert.rejects(
    async () => await ctx.salt("gpg.list_keys", [], { gnupghome: "here" }),
    /absolute path/,
  );
});
