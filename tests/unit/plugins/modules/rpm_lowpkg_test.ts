import assert from "node:assert/strict";
import { test } from "node:test";
import {
  fullName,
  normalizeName,
  parseRpmLine,
  splitArch,
} from "../../../../src/plugins/modules/_rpm.ts";
import { byName, infoFormat, parseRpmInfo } from "../../../../src/plugins/modules/_rpm_info.ts";
import {
  parseModified,
  parseNames,
  parseVerify,
  rpmLowpkg,
} from "../../../../src/plugins/modules/rpm_lowpkg.ts";
import { withPrograms } from "../../../support/fake_programs.ts";

test("names have their architecture where it is not the machine's own", () => {
  assert.equal(fullName("zlib", "i686", "x86_64"), "zlib.i686");
  assert.equal(fullName("zlib", "i686", "i386"), "zlib");
  assert.equal(fullName("zlib", "noarch", "x86_64"), "zlib");
  assert.equal(normalizeName("zsh.x86_64", "x86_64"), "zsh");
  assert.equal(normalizeName("zsh.i686", "x86_64"), "zsh.i686");
  assert.equal(normalizeName("python3.11", "x86_64"), "python3.11");
  assert.deepEqual(splitArch("zsh.i686"), { name: "zsh", arch: "i686" });
  assert.deepEqual(splitArch("python3.11"), { name: "python3.11", arch: null });
});

test("parseRpmLine() reads epochs, releases and times", () => {
  const line = "greeter_|-1_|-1.5_|-3_|-noarch_|-(none)_|-1700000000";
  assert.deepEqual(parseRpmLine(line, "x86_64"), {
    name: "greeter",
    version: "1:1.5-3",
    arch: "noarch",
    repoid: "(none)",
    install_date: "2023-11-14T22:13:20+00:00Z",
    install_date_time_t: 1700000000,
  });
  assert.equal(parseRpmLine("error: x", "x86_64"), undefined);
});

test("parseNames() tells packages from complaints", () => {
  const text = "hello 1.0\npackage nosuch is not installed\n";
  assert.deepEqual(parseNames(text), {
    packages: [["hello", "1.0"]],
    errors: ["package nosuch is not installed"],
  });
});

/** What rpm 4.18 prints. */
const verified = `S.5....T.  c /etc/hello.conf
missing     /usr/share/lonely/version
.M.......    /srv/a file
package nosuch is not installed
`;

test("parseVerify() names what is wrong with each file", () => {
  assert.deepEqual(parseVerify(verified), {
    "/etc/hello.conf": { mismatch: ["size", "md5sum", "mtime"], type: "config" },
    "/usr/share/lonely/version": { missing: true },
    "/srv/a file": { mismatch: ["mode"] },
  });
  assert.deepEqual(Object.keys(parseVerify(verified, ["config"])), [
    "/usr/share/lonely/version",
    "/srv/a file",
  ]);
});

test("parseModified() names what changed of each file", () => {
  assert.deepEqual(parseModified("S.5....T.  c /etc/hello.conf\n..5......    /x\n"), {
    "/etc/hello.conf": ["size", "checksum", "time", "config"],
    "/x": ["checksum"],
  });
});

test("infoFormat() asks for what is wanted; parseRpmInfo() and byName() read the answer", () => {
  assert.throws(() => infoFormat(["nosuch"]), /No valid attributes found/);
  assert.ok(infoFormat(["version"]).startsWith("version: %{VERSION}\\nname: "));
  assert.ok(!infoFormat(["version"]).includes("DESCRIPTION"));
  const entry = (edition: string, description: string) =>
    `name: kernel\nversion: ${edition.split("-")[0]}\nbuild_date: 1700000000\n` +
    `install_date_time_t: 1700000000\nurl: https://x/: y\ngroup: \nedition: ${edition}\n` +
    `description:\n${description}\n*/~^\\*\n`;
  const text = entry("5.9-1", "Old") + entry("5.14-1", "New\n\nversion: no") +
    "name: gpg-pubkey\nedition: 1\ndescription:\nx\n*/~^\\*\n";
  const entries = parseRpmInfo(text);
  assert.deepEqual(byName(entries, false), {
    kernel: {
      version: "5.14",
      build_date: "2023-11-14T22:13:20Z",
      install_date_time_t: 1700000000,
      url: "https://x/: y",
      description: "New\n\nversion: no",
    },
  });
  const all = byName(entries, true)["kernel"] as { edition: string }[];
  assert.deepEqual(all.map(({ edition }) => edition), ["5.14-1", "5.9-1"]);
});

test("lowpkg functions call rpm with names alone", async () => {
  const rpm = `case "$*" in *-V*) printf 'S.5....T.  c /etc/hello.conf\\n'; exit 1 ;;
-ql*) printf '/etc/hello.conf\\n/usr/share/hello\\n' ;;
*) printf 'hello 1.0\\n' ;; esac`;
  await withPrograms({ rpm }, async ({ ctx, calls }) => {
    assert.deepEqual(await ctx.salt("lowpkg.list_pkgs", ["hello"]), { hello: "1.0" });
    assert.deepEqual(await ctx.salt("lowpkg.file_dict", ["hello"]), {
      errors: [],
      packages: { hello: ["/etc/hello.conf", "/usr/share/hello"] },
    });
    assert.deepEqual(await ctx.salt("lowpkg.verify", ["hello"], { verify_options: "nodeps" }), {
      "/etc/hello.conf": { mismatch: ["size", "md5sum", "mtime"], type: "config" },
    });
    assert.deepEqual(calls().at(-1), ["rpm", "--nodeps", "-V", "hello"]);
    await assert.rejects(
      ctx.salt("lowpkg.verify", [], { verify_options: "a b" }),
      /no option of rpm/,
    );
    await assert.rejects(ctx.salt("lowpkg.list_pkgs", ["--eval=x"]), /cannot be the name/);
    assert.equal(
      await ctx.salt("lowpkg.version_cmp", ["1:1.0", "2.0"], { ignore_epoch: true }),
      -1,
    );
  }, { modules: [rpmLowpkg], grains: { id: "t", os_family: "RedHat", osarch: "x86_64" } });
});
