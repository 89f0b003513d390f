import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  parseAutoremove,
  parsePackages,
  parsePolicy,
  parseSelections,
  parseShow,
  parseUpdate,
  parseUpgrades,
  parseVersionsOf,
} from "../../../../src/plugins/modules/aptpkg/apt.ts";
import { parseKeys } from "../../../../src/plugins/modules/aptpkg/keys.ts";
import {
  formatSource,
  parseSource,
  readSources,
} from "../../../../src/plugins/modules/aptpkg/sources.ts";
import type { DataMap } from "../../../../src/types/mod.ts";
import { type FakeMachine, withPrograms } from "../../../support/fake_programs.ts";

const grains = { os: "Debian", os_family: "Debian", osarch: "amd64", cpuarch: "x86_64" };

/** A small world of packages: a list in a file that `apt-get` changes. */
const programs = {
  "dpkg-query": "cat $FOLDER/packages",
  "apt-get": 'for last; do :; done; case " $* " in ' +
    '*" update "*) echo "Hit:1 http://x stable InRelease"; echo "Err:2 http://y stable Release";; ' +
    '*" broken "*) echo "E: broken" >&2; exit 100;; ' +
    '*" install "*) echo "install ok installed ${last%%=*} 2.0 amd64" >> $FOLDER/packages;; ' +
    '*" remove "*) sed -i "/ $last /d" $FOLDER/packages;; esac',
  "apt-cache": 'case "$1" in -q) shift 2; for p; do printf "%s:\\n  Installed: 1.0\\n' +
    '  Candidate: 2.0\\n" $p; done;; show) printf "Package: $2\\nVersion: 2.0\\n\\n' +
    'Package: $2\\nVersion: 1.5\\n\\n";; esac',
  dpkg: 'case "$1" in --get-selections) cat $FOLDER/selections;; ' +
    '--set-selections) read -r n s; sed -i "/^$n /d" $FOLDER/selections; ' +
    'echo "$n $s" >> $FOLDER/selections;; -S) echo "bash: $2";; esac',
};

async function withApt(use: (machine: FakeMachine) => Promise<void>) {
  await withPrograms(programs, async (machine) => {
    const { folder } = machine;
    writeFileSync(join(folder, "packages"), "install ok installed bash 1.0 amd64\n");
    writeFileSync(join(folder, "selections"), "bash install\nheld hold\n");
    await use(machine);
  }, { grains, opts: { "systemd.scope": false } });
}

/** How apt-get was called, without what only asks. */
function aptCalls(machine: FakeMachine): string[] {
  return machine.calls().filter(([name]) => name === "apt-get").map((words) => words.join(" "));
}

test("parsePackages tells installed, removed and foreign packages apart", () => {
  const text = "install ok installed bash 5.2-1 amd64\nhold ok installed kept 1 all\n" +
    "install ok installed libc6 2.36 i386\ndeinstall ok config-files gone 1 amd64\n" +
    "purge ok installed doomed 1 amd64\nunknown ok not-installed x\n";
  const lists = parsePackages(text, "amd64", true);
  assert.deepEqual([...lists.installed.keys()], ["bash", "kept", "libc6:i386"]);
  assert.deepEqual([...lists.removed.keys()], ["gone"]);
  assert.deepEqual([...lists.purgeDesired.keys()], ["doomed"]);
});

test("parsers read what apt prints", () => {
  assert.deepEqual(
    parsePolicy(
      "bash:\n  Installed: 1\n  Candidate: 5.2-1\n  Version table:\nx:\n  Candidate: (none)\n",
    ),
    new Map([["bash", "5.2-1"], ["x", ""]]),
  );
  const update = parseUpdate(
    "Hit:1 http://a stable InRelease\nGet:2 http://b stable InRelease [55.4 kB]\n" +
      "Ign:3 http://c stable InRelease\nErr:4 http://c stable Release\nReading package lists...\n",
  );
  assert.deepEqual(update, {
    sources: {
      "http://a stable InRelease": null,
      "http://b stable InRelease": true,
      "http://c stable InRelease": false,
      "http://c stable Release": false,
    },
    failed: ["http://c stable Release"],
  });
  assert.deepEqual(
    parseUpgrades("Inst bash [1] (2 Debian)\nConf bash (2 Debian:12/stable [amd64])\n"),
    { bash: "2" },
  );
  assert.deepEqual(
    parseAutoremove("The following packages will be REMOVED:\n  libb liba\n  libc\n0 upgraded\n"),
    ["liba", "libb", "libc"],
  );
  assert.deepEqual(
    parseVersionsOf("Package: a\nVersion: 2\n\nPackage: a\nVersion: 1\n\nPackage: b\nVersion: 3\n"),
    { a: ["2", "1"], b: ["3"] },
  );
  assert.deepEqual(parseSelections("a\t\tinstall\nb\thold\nc\tinstall\n"), {
    install: ["a", "c"],
    hold: ["b"],
  });
  const show = "Package: a\nVersion: 2\nSection: shells\nDescription: A\n more\n\n";
  assert.deepEqual(parseShow(show, (field) => field === "section"), {
    a: { "2": { Section: "shells" } },
  });
});

test("parseSource and formatSource take lines apart and put them together", () => {
  const lines = [
    "deb http://deb.example.org/debian bookworm main contrib",
    "deb [arch=amd64,arm64 signed-by=/k.gpg trusted=yes] https://x/ stable main",
    "# deb-src http://x stable main #note",
    "deb http://x ./",
  ];
  for (const line of lines) assert.equal(formatSource(parseSource(line)!), line);
  const source = parseSource(lines[1]!)!;
  assert.deepEqual(source.architectures, ["amd64", "arm64"]);
  assert.equal(source.signedby, "/k.gpg");
  assert.equal(parseSource(lines[2]!)!.disabled, true);
  const cdrom = parseSource("deb cdrom:[Debian 12 DVD]/ bookworm main")!;
  assert.deepEqual([cdrom.uri, cdrom.dist], ["cdrom:[Debian 12 DVD]/", "bookworm"]);
  for (const line of ["", "# a comment", "deb http://x", "rubbish a b c"]) {
    assert.equal(parseSource(line), null, line);
  }
});

test("readSources reads the main file, then the others by name", async () => {
  await withPrograms({}, ({ folder }) => {
    mkdirSync(join(folder, "etc/apt/sources.list.d"), { recursive: true });
    const write = (name: string, text: string) =>
      writeFileSync(join(folder, "etc/apt", name), text);
    write("sources.list", "deb http://a x main\n# note\n");
    write("sources.list.d/b.list", "deb http://b x main");
    write("sources.list.d/a.list", "deb http://c x main\n");
    write("sources.list.d/other.txt", "deb http://d x main\n");
    const uris = readSources(folder).map(({ source }) => source?.uri ?? null);
    assert.deepEqual(uris, ["http://a", null, "http://c", "http://b"]);
    return Promise.resolve();
  });
});

test("parseKeys reads keys with their subkeys", () => {
  const text = "tru::1:1\npub:-:4096:1:AA11:1500000000:::-:::scSC::::::23::0:\n" +
    "fpr:::::::::FFAA11:\nuid:-::::1500000000::HASH::Archive Key::::::::::0:\n" +
    "sub:-:4096:1:BB22:1500000000::::::s::::::23:\nfpr:::::::::FFBB22:\n";
  assert.deepEqual(parseKeys(text), {
    AA11: {
      algorithm: 1,
      bits: 4096,
      capability: "scSC",
      date_creation: 1500000000,
      date_expiration: null,
      keyid: "AA11",
      validity: "-",
      fingerprint: "FFAA11",
      uid: "Archive Key",
      uid_hash: "HASH",
      subkey: {
        algorithm: 1,
        bits: 4096,
        capability: "s",
        date_creation: 1500000000,
        date_expiration: null,
        keyid: "BB22",
        validity: "-",
        fingerprint: "FFBB22",
      },
    },
  });
});

test("pkg.install says what changed, and asks apt no questions", async () => {
  await withApt(async (machine) => {
    const { ctx } = machine;
    const changes = await ctx.salt("pkg.install", ["vim"], { install_recommends: false });
    assert.deepEqual(changes, { vim: { old: "", new: "2.0" } });
    assert.deepEqual(aptCalls(machine), [
      "apt-get -q -y -o DPkg::Options::=--force-confold -o DPkg::Options::=--force-confdef " +
      "--no-install-recommends install vim",
    ]);
  });
});

test("pkg.install goes up, down and again as versions want it", async () => {
  await withApt(async (machine) => {
    const { ctx } = machine;
    const install = (pkgs: DataMap, more: DataMap = {}) =>
      ctx.salt("pkg.install", [], { pkgs: [pkgs], ...more });
    await install({ bash: "1.0" }, { reinstall: true });
    await install({ vim: ">=1.6" });
    await install({ bash: "0.9" });
    const calls = aptCalls(machine).map((call) => call.replace(/ -o \S+/g, ""));
    assert.deepEqual(calls, [
      "apt-get -q -y --reinstall install bash=1.0",
      "apt-get -q -y install vim=2.0",
      "apt-get -q -y --allow-downgrades install bash=0.9",
    ]);
    await assert.rejects(() => install({ vim: ">9" }), /No version matching 'vim>9'.*2\.0, 1\.5/);
  });
});

test("pkg.install fetches the lists only when they lack a version", async () => {
  await withApt(async (machine) => {
    const { ctx } = machine;
    await ctx.salt("pkg.install", ["vim"], { refresh: true, version: "2.0" });
    assert.equal(aptCalls(machine).some((call) => call.endsWith(" update")), false);
    await ctx.salt("pkg.install", ["vim"], { refresh: true, version: "3.0" });
    assert.equal(aptCalls(machine).filter((call) => call.endsWith(" update")).length, 1);
  });
});

test("pkg.install lets go of a held package and holds it again", async () => {
  await withApt(async ({ ctx, folder }) => {
    await ctx.salt("pkg.install", ["held"]);
    assert.match(readFileSync(join(folder, "selections"), "utf8"), /^held hold$/m);
  });
});

test("pkg.install tells what failed, with what changed all the same", async () => {
  await withApt(async ({ ctx }) => {
    const failing = ctx.salt("pkg.install", ["broken"]);
    await assert.rejects(failing, (error: Error & { info?: DataMap }) => {
      assert.match(error.message, /^Problem encountered installing package\(s\)\..*E: broken/s);
      assert.deepEqual(error.info, { errors: ["E: broken"], changes: {} });
      return true;
    });
    await assert.rejects(() => ctx.salt("pkg.install", ["--fix"]), /cannot be the name/);
    const twice = { pkgs: ["a", "a:amd64"] };
    await assert.rejects(() => ctx.salt("pkg.install", [], twice), /duplicated packages names/);
  });
});

test("pkg.remove leaves alone what is not installed", async () => {
  await withApt(async (machine) => {
    const { ctx } = machine;
    assert.deepEqual(await ctx.salt("pkg.remove", ["vim"]), {});
    assert.deepEqual(await ctx.salt("pkg.remove", [], { pkgs: ["vim", "bash"] }), {
      bash: { old: "1.0", new: "" },
    });
    assert.deepEqual(aptCalls(machine), ["apt-get -q -y remove bash"]);
  });
});

test("pkg.hold and unhold say what they did", async () => {
  await withApt(async ({ ctx }) => {
    const held = await ctx.salt("pkg.hold", ["bash"]) as DataMap;
    // The fake dpkg lists all packages whatever the pattern, so one is held already.
    assert.equal((held["bash"] as DataMap)["result"], true);
    const free = await ctx.salt("pkg.unhold", ["held"]) as DataMap;
    assert.deepEqual(free["held"], {
      name: "held",
      changes: { old: "hold", new: "install" },
      result: true,
      comment: "Package held is no longer being held.",
    });
    await assert.rejects(() => ctx.salt("pkg.hold"), /One of name, pkgs, or sources/);
  });
});

test("pkg.refresh_db tells of sources that failed", async () => {
  await withApt(async ({ ctx }) => {
    assert.deepEqual(await ctx.salt("pkg.refresh_db"), {
      "http://x stable InRelease": null,
      "http://y stable Release": false,
    });
    await assert.rejects(
      () => ctx.salt("pkg.refresh_db", [], { failhard: true }),
      /Error getting repos: http:\/\/y stable Release/,
    );
  });
});

test("pkg.mod_repo writes a source of its own file, and changes it", async () => {
  await withApt(async ({ ctx, folder }) => {
    const file = join(folder, "own.list");
    const repo = "deb [signed-by=/k.gpg] http://saltx.invalid/debian stable main";
    const made = await ctx.salt("pkg.mod_repo", [repo], { file, refresh: false }) as DataMap;
    assert.deepEqual(made[repo], {
      file,
      comps: ["main"],
      disabled: false,
      dist: "stable",
      type: "deb",
      uri: "http://saltx.invalid/debian",
      line: `${repo}\n`,
      architectures: [],
      signedby: "/k.gpg",
    });
    assert.equal(readFileSync(file, "utf8"), `${repo}\n`);
    for (const bad of ["rubbish", "deb http://x stable main\ndeb http://evil x main"]) {
      await assert.rejects(() => ctx.salt("pkg.mod_repo", [bad], { refresh: false }), /not valid/);
    }
    await assert.rejects(
      () => ctx.salt("pkg.mod_repo", ["ppa:a/b"], { refresh: false }),
      /cannot parse "ppa:" style/,
    );
  });
});

test("pkg.add_repo_key writes a key file", async () => {
  const gpg = 'for last; do :; done; out=; while [ $# -gt 0 ]; do [ "$1" = --output ] && out=$2; ' +
    'shift; done; [ -n "$out" ] && { echo dearmored > "$out"; cat >/dev/null; } || true';
  await withPrograms({ gpg, "dpkg-query": "" }, async ({ ctx, folder }) => {
    const keydir = join(folder, "keyrings");
    const add = (keyfile: string, text: string) =>
      ctx.salt("pkg.add_repo_key", [], { text, aptkey: false, keydir, keyfile });
    const armored = "-----BEGIN PGP PUBLIC KEY BLOCK-----\nx\n";
    assert.equal(await add("a.asc", armored), true);
    assert.equal(readFileSync(join(keydir, "a.asc"), "utf8"), armored);
    assert.equal(await add("a.gpg", armored), true);
    assert.equal(readFileSync(join(keydir, "a.gpg"), "utf8"), "dearmored\n");
    await assert.rejects(() => add("../evil.gpg", armored), /cannot be the name of a key file/);
    assert.equal(existsSync(join(folder, "evil.gpg")), false);
    await assert.rejects(
      () => ctx.salt("pkg.add_repo_key", [], { keyid: "AA", keydir, aptkey: false }),
      /No keyserver/,
    );
  }, { grains });
});

test("pkg_resource reads targets", async () => {
  await withApt(async ({ ctx }) => {
    assert.deepEqual(await ctx.salt("pkg_resource.parse_targets", ["a:amd64,b:i386"]), [
      { a: null, "b:i386": null },
      "repository",
    ]);
    const both = { pkgs: ["a"], sources: [{ a: "/a.deb" }] };
    await assert.rejects(() => ctx.salt("pkg_resource.parse_targets", [], both), /Only one of/);
    const relative = { sources: [{ a: "a.deb" }] };
    await assert.rejects(
      () => ctx.salt("pkg_resource.parse_targets", [], relative),
      /not absolute or an invalid protocol/,
    );
    assert.equal(await ctx.salt("pkg_resource.version_compare", ["1.0~rc1", "<", "1.0"]), true);
  });
});
