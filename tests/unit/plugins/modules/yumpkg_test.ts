import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHold, parseLockFile } from "../../../../src/plugins/modules/yumpkg/holds.ts";
import {
  parseGroupInfo,
  parseGroupList,
  parseGroupTable,
} from "../../../../src/plugins/modules/yumpkg/groups.ts";
import { parsePatches } from "../../../../src/plugins/modules/yumpkg/list.ts";
import { yumpkg } from "../../../../src/plugins/modules/yumpkg/mod.ts";
import { formatRepoFile, parseRepoFile } from "../../../../src/plugins/modules/yumpkg/repos.ts";
import { parseList, repoOptions } from "../../../../src/plugins/modules/yumpkg/yum.ts";
import { rpmLowpkg } from "../../../../src/plugins/modules/rpm_lowpkg.ts";
import { withPrograms } from "../../../support/fake_programs.ts";

const options = {
  modules: [yumpkg, rpmLowpkg],
  grains: {
    id: "tester",
    os: "CentOS",
    os_family: "RedHat",
    osarch: "x86_64",
    osmajorrelease: 9,
    osrelease: "9",
  },
};

test("parseList() reads dnf list, and yum's lines that are broken for their length", () => {
  const text = `Available Packages
greeter.noarch                           1:1.5-3                           local
zlib.i686                                1.2-1                             @base
a-package-with-a-very-long-name-indeed.x86_64
                                         3.0-1.el9                         updates
`;
  assert.deepEqual(
    parseList(text, "x86_64").map(({ name, version, repoid }) => [name, version, repoid]),
    [
      ["greeter", "1:1.5-3", "local"],
      ["zlib.i686", "1.2-1", "base"],
      ["a-package-with-a-very-long-name-indeed", "3.0-1.el9", "updates"],
    ],
  );
});

test("repoOptions() makes options of keyword arguments", () => {
  assert.deepEqual(repoOptions({ fromrepo: "epel", enablerepo: "x" }), [
    "--disablerepo=*",
    "--enablerepo=epel",
  ]);
  assert.deepEqual(
    repoOptions({ enablerepo: ["a", "b"], disablerepo: "c", setopt: "x=1,y=2", __pub_jid: "1" }),
    ["--disablerepo=c", "--enablerepo=a", "--enablerepo=b", "--setopt=x=1", "--setopt=y=2"],
  );
  assert.deepEqual(repoOptions({ security: true, exclude: "kernel*", n: 5 }, true), [
    "--exclude=kernel*",
    "--security",
  ]);
});

test("parseRepoFile() and formatRepoFile() keep comments and values of several lines", () => {
  const text = `# top
[a]
name=A
baseurl=http://x/
 http://y/
# about a
[b]
Name = B
; ignored
`;
  const file = parseRepoFile(text);
  assert.deepEqual(Object.fromEntries(file.repos.get("a")!), {
    name: "A",
    baseurl: "http://x/\nhttp://y/",
  });
  assert.deepEqual(Object.fromEntries(file.repos.get("b")!), { name: "B" });
  assert.equal(
    formatRepoFile(file),
    "# top\n[a]\nname=A\nbaseurl=http://x/\n http://y/\n# about a\n\n[b]\nname=B\n\n",
  );
  assert.deepEqual(parseRepoFile(formatRepoFile(file)), file);
});

test("parseHold() reads locks of yum and dnf; parseLockFile() those of dnf5", () => {
  const pattern = String.raw`[\w+]+(?:[.-][^-]+)*`;
  assert.equal(parseHold("0:bash-5.1-2.el9.*", pattern, true, false), "0:bash-5.1-2.el9.*");
  assert.equal(parseHold("0:bash-5.1-2.el9.*", pattern, false, false), "bash");
  assert.equal(parseHold("bash-0:5.1-2.el9.*", pattern, true, true), "bash-0:5.1-2.el9.*");
  assert.equal(parseHold("bash-0:5.1-2.el9.*", pattern, false, true), "bash");
  assert.equal(parseHold("Last metadata expiration check", pattern, true, true), null);
  const text = `version = "1.0"

[[packages]]
name = "bash"
comment = "Added by 'versionlock add' command"
[[packages.conditions]]
key = "evr"
comparator = "="
value = "5.1-2.el9"

[[packages]]
name = "zsh"
[[packages.conditions]]
key = "evr"
comparator = "<"
value = "1:5"
`;
  assert.deepEqual(parseLockFile(text, false), ["bash", "zsh"]);
  assert.deepEqual(parseLockFile(text, true), ["bash-0:5.1-2.el9.*"]);
});

test("groups are read as yum, dnf and dnf5 print them", () => {
  const list = `Available Environment Groups:
   Minimal Install
Installed Groups:
   Development Tools
Available Groups:
   Perl Support
Available Language Groups:
   Afrikaans Support [af]
Done
`;
  assert.deepEqual(parseGroupList(list), {
    installed: ["Development Tools"],
    available: ["Perl Support"],
    "installed environments": [],
    "available environments": ["Minimal Install"],
    "available languages": {
      "Afrikaans Support [af]": { name: "Afrikaans Support", language: "af" },
    },
  });
  const table = `ID                   Name                 Installed
perl                 Perl Support                no
development-tools    Development Tools          yes
`;
  const { installed, available } = parseGroupTable(table);
  assert.deepEqual([installed, available], [["development-tools"], ["perl"]]);
  const info = `
Group: Perl Support
 Group-Id: perl
 Description: Basic Perl support.
 Mandatory Packages:
   =perl
 Default Packages:
   -perl-DBI
   perl-CPAN
`;
  assert.deepEqual(parseGroupInfo(info), {
    type: "package group",
    group: "Perl Support",
    id: "perl",
    description: "Basic Perl support.",
    members: {
      mandatory: ["perl"],
      optional: [],
      default: ["perl-DBI", "perl-CPAN"],
      conditional: [],
    },
  });
  assert.equal(parseGroupInfo("Warning: no group"), undefined);
});

test("parsePatches() puts packages together by advisory", () => {
  const text = `i RHSA-2024:1 Important/Sec. bash-5.1-3.x86_64
i RHSA-2024:1 Important/Sec. bash-doc-5.1-3.x86_64
  RHBA-2024:2 bugfix         zsh-5.8-9.x86_64
`;
  assert.deepEqual(parsePatches(text), {
    "RHSA-2024:1": { installed: true, summary: ["bash-5.1-3.x86_64", "bash-doc-5.1-3.x86_64"] },
    "RHBA-2024:2": { installed: false, summary: ["zsh-5.8-9.x86_64"] },
  });
});

/** A machine with `hello` 1.0, on which dnf knows 2.0; `installed` has what rpm says. */
const line = (name: string, version: string) =>
  `${name}_|-(none)_|-${version}_|-1_|-noarch_|-(none)_|-1700000000`;
const programs = {
  rpm: `case "$*" in
*-qf*passwd) echo "file /etc/passwd is not owned by any package"; exit 1 ;;
*-qf*) printf hello ;;
*) cat "$FOLDER/installed" 2> /dev/null || echo '${line("hello", "1.0")}' ;;
esac`,
  dnf: `case "$*" in
*"list available"*) printf 'Available Packages\\nhello.noarch 1.0-1 local\\nhello.noarch 2.0-1 local\\n' ;;
*"--showduplicates repository-packages"*) printf 'Available Packages\\nhello.noarch 1.0-1 local\\nhello.noarch 2.0-1 local\\n' ;;
*check-update*) exit 100 ;;
*install*nosuch*) echo 'Error: Unable to find a match: nosuch' >&2; exit 1 ;;
*install*hello*) echo '${line("hello", "2.0")}' > "$FOLDER/installed" ;;
*remove*) : > "$FOLDER/installed" ;;
esac`,
};

test("pkg functions of dnf read and change what is installed", async () => {
  await withPrograms(programs, async ({ ctx, calls }) => {
    assert.deepEqual(await ctx.salt("pkg.list_pkgs"), { hello: "1.0-1" });
    assert.equal(await ctx.salt("pkg.refresh_db"), true);
    assert.equal(await ctx.salt("pkg.latest_version", ["hello"], { refresh: false }), "2.0-1");
    assert.equal(await ctx.salt("pkg.upgrade_available", ["hello"]), true);
    assert.deepEqual(await ctx.salt("pkg.list_repo_pkgs", ["hello"], { fromrepo: "local" }), {
      hello: ["2.0-1", "1.0-1"],
    });
    assert.deepEqual(await ctx.salt("pkg.install", ["hello"]), {
      hello: { old: "1.0-1", new: "2.0-1" },
    });
    const argv = calls().find((call) => call.includes("install"));
    assert.deepEqual(argv, ["dnf", "-y", "--best", "--allowerasing", "install", "hello"]);
    assert.deepEqual(await ctx.salt("pkg.owner", ["/x", "/etc/passwd"]), {
      "/x": "hello",
      "/etc/passwd": "",
    });
    assert.deepEqual(await ctx.salt("pkg.remove", ["hello"]), { hello: { old: "2.0-1", new: "" } });
    assert.deepEqual(await ctx.salt("pkg.remove", ["hello"]), {});
  }, options);
});

test("pkg.install of dnf chooses versions, and downgrades where it must", async () => {
  await withPrograms(programs, async ({ ctx, calls }) => {
    const install = (version: string) =>
      ctx.salt("pkg.install", ["hello"], { version, fromrepo: "local" });
    const last = () => calls().findLast((call) => call[0] === "dnf")!.slice(-2);
    await install(">=1.5");
    assert.deepEqual(last(), ["install", "hello-2.0-1"]);
    await install("1.*");
    assert.deepEqual(last(), ["downgrade", "hello-1.0-1"]);
    await assert.rejects(install(">=9"), /No version matching 'hello>=9' could be found/);
    await assert.rejects(ctx.salt("pkg.install", ["nosuch"]), /Unable to find a match: nosuch/);
    await assert.rejects(ctx.salt("pkg.install", ["--installroot=/x"]), /cannot be the name/);
  }, options);
});

test("pkg.hold of dnf needs the command for it", async () => {
  const rpm = `echo '${line("python3-dnf-plugin-versionlock", "4.3")}'`;
  const dnf = `case "$*" in *list) echo 'bash-0:5.1-2.el9.*' ;; *fail*) exit 1 ;; esac`;
  await withPrograms(programs, async ({ ctx }) => {
    await assert.rejects(
      ctx.salt("pkg.hold", ["bash"]),
      /Cannot proceed, python3-dnf-plugin-versionlock is not installed/,
    );
  }, options);
  await withPrograms({ rpm, dnf }, async ({ ctx, calls }) => {
    assert.deepEqual(await ctx.salt("pkg.list_holds", [], { full: false }), ["bash"]);
    const held = await ctx.salt("pkg.hold", [], { pkgs: ["bash", "zsh", "fail"] });
    const results = Object.values(held as Record<string, Record<string, unknown>>);
    assert.deepEqual(results.map(({ result }) => result), [true, true, false]);
    assert.deepEqual(results[1]!["changes"], { new: "hold", old: "" });
    assert.ok(calls().some((call) => call.join(" ") === "dnf versionlock add zsh"));
    await ctx.salt("pkg.unhold", ["bash"]);
    assert.deepEqual(calls().at(-1), ["dnf", "versionlock", "delete", "bash"]);
  }, options);
});
