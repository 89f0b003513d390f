import assert from "node:assert/strict";
import { test } from "node:test";
import {
  parseInfo,
  parseInstalled,
  parseLicenses,
  parsePackageFile,
  parseVersions,
  queryArgv,
} from "../../../../src/plugins/modules/dpkg_lowpkg.ts";

test("queryArgv() refuses names that dpkg would take for options", () => {
  assert.deepEqual(queryArgv("x", ["a;b", "lib*"]), ["dpkg-query", "-f=x", "-W", "a;b", "lib*"]);
  for (const name of ["--admindir=/tmp", "", "a\nb"]) assert.throws(() => queryArgv("x", [name]));
});

test("parseVersions() and parseInstalled() leave out what is only configured", () => {
  const text =
    "installed\tbash\t5.2.15-2+b8\nconfig-files\told\t1.0\ninstalled\tlibc6:amd64\t2.36\n";
  assert.deepEqual(parseVersions(text), { bash: "5.2.15-2+b8", "libc6:amd64": "2.36" });
  assert.deepEqual(parseInstalled(text), ["bash", "libc6:amd64"]);
});

test("parseInfo() reads packages with descriptions of several lines and missing fields", () => {
  const text = `package:bash
revision:2+b8
architecture:amd64
maintainer:Matthias Klose <doko@debian.org>
summary:GNU Bourne Again SHell
source:bash
version:5.2.15-2+b8
section:shells
size:
status:ii 
install_date:1700000000
description:GNU Bourne Again SHell
 Bash is an sh-compatible command language interpreter:
 .
 It is a shell.

*/~^\\*
package:gone
status:rc 
install_date:
description:

*/~^\\*
`;
  const [bash, gone] = parseInfo(text);
  assert.equal(bash!["install_date"], "2023-11-14T22:13:20Z");
  assert.equal(bash!["status"], "ii");
  assert.equal(bash!["size"], undefined);
  assert.match(
    String(bash!["description"]),
    /^GNU Bourne[^]*interpreter:\n \.\n It is a shell\.\n$/,
  );
  assert.deepEqual(gone, { package: "gone", status: "rc", description: "\n" });
});

test("parseLicenses() names each license once, sorted", () => {
  const text = "License: GPL-3+\n text\nFiles: *\nLicense: BSD\nLicense: GPL-3+\n";
  assert.equal(parseLicenses(text), "BSD, GPL-3+");
});

test("parsePackageFile() finds the three fields in what dpkg -I prints", () => {
  const text = ` new Debian package, version 2.0.
 size 1192 bytes: control archive=424 bytes.
     288 bytes,    10 lines      control
 Package: hello
 Version: 2.10-3
 Architecture: all
 Description: example package
`;
  assert.deepEqual(parsePackageFile(text), { name: "hello", version: "2.10-3", arch: "all" });
  assert.deepEqual(parsePackageFile("Package: x\n"), { name: "x" });
});
