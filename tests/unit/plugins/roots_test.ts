import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RootsFileServer } from "../../../src/plugins/fileserver/mod.ts";

describe("RootsFileServer", () => {
  let dir: string;
  let files: RootsFileServer;
  const settings = () => ({
    file_roots: {
      base: [join(dir, "one"), join(dir, "two")],
      __env__: [join(dir, "__env__")],
    },
    file_ignore_glob: ["*.pyc"],
    file_ignore_regex: ["/\\.git($|/)"],
  });

  before(() => {
    dir = mkdtempSync(join(tmpdir(), "saltx-roots-"));
    for (const path of ["one/web/empty", "one/.git", "one/sub/.git", "two", "dev", "outside"]) {
      mkdirSync(join(dir, path), { recursive: true });
    }
    writeFileSync(join(dir, "one/top.sls"), "1");
    writeFileSync(join(dir, "two/top.sls"), "2");
    writeFileSync(join(dir, "two/only.txt"), "2");
    writeFileSync(join(dir, "one/web/init.sls"), "");
    writeFileSync(join(dir, "one/web/x.pyc"), "");
    writeFileSync(join(dir, "one/sub/.git/config"), "");
    writeFileSync(join(dir, "dev/d.txt"), "d");
    writeFileSync(join(dir, "outside/secret"), "s");
    symlinkSync(join(dir, "outside/secret"), join(dir, "one/leak"));
    symlinkSync(join(dir, "outside"), join(dir, "one/leakdir"));
    symlinkSync("top.sls", join(dir, "one/link.sls"));
    files = new RootsFileServer(settings());
  });
  after(() => rmSync(dir, { recursive: true }));

  test("finds a file in the first root that has it", () => {
    assert.equal(files.find("top.sls", "base")?.path, join(dir, "one/top.sls"));
    assert.equal(files.find("only.txt", "base")?.path, join(dir, "two/only.txt"));
    assert.equal(files.find("./web//init.sls", "base")?.rel, "web/init.sls");
    assert.equal(files.find("link.sls", "base")?.rel, "link.sls");
    assert.equal(files.find("nothing", "base"), null);
    assert.equal(files.find("web", "base"), null, "a folder is no file");
  });

  test("maps other saltenvs to __env__", () => {
    assert.equal(files.find("d.txt", "dev")?.path, join(dir, "dev/d.txt"));
    assert.equal(files.find("d.txt", "prod"), null);
  });

  const hostile: [string, string][] = [
    ["../outside/secret", "base"],
    ["web/../../outside/secret", "base"],
    ["/etc/passwd", "base"],
    ["..", "base"],
    [".", "base"],
    ["", "base"],
    ["top.sls\0.txt", "base"],
    ["leak", "base"],
    ["leakdir/secret", "base"],
    ["secret", "outside/../outside"],
    ["secret", "../outside"],
    ["secret", ".."],
    ["passwd", "/etc"],
    ["a".repeat(5000), "base"],
    ["sub/.git/config", "base"],
    ["web/x.pyc", "base"],
    ["d.txt", "constructor"],
  ];
  for (const [path, saltenv] of hostile) {
    test(`does not find ${JSON.stringify(path.slice(0, 40))} in ${saltenv}`, () => {
      assert.equal(files.find(path, saltenv), null);
    });
  }

  test("lists files, folders, empty folders and inner links of all roots", () => {
    const lists = files.lists("base");
    assert.deepEqual(lists.files, ["link.sls", "only.txt", "top.sls", "web/init.sls"]);
    assert.deepEqual(lists.dirs, [".git", "sub", "web", "web/empty"]);
    assert.deepEqual(lists.emptyDirs, [".git", "web/empty"]);
    assert.deepEqual(lists.links, { "link.sls": "top.sls" });
    assert.deepEqual(files.lists("..").files, []);
  });

  test("serves links out of a root where the operator allows it", () => {
    const open = new RootsFileServer({ ...settings(), fileserver_links_outside: true });
    assert.equal(open.find("leak", "base")?.rel, "leak");
    assert.ok(open.lists("base").files.includes("leakdir/secret"));
  });
});

// What salt-call 3006.30 lists of the same folders.
for (
  const [follow, ignore, files, dirs, links] of [
    [true, false, ["dirlink/f", "dirlink/sub/g", "filelink"], ["dirlink", "dirlink/sub"], true],
    [true, true, ["dirlink/f", "dirlink/sub/g"], ["dirlink/sub"], false],
    [false, false, ["filelink"], ["dirlink"], true],
    [false, true, [], [], false],
  ] as const
) {
  const options = `fileserver_followsymlinks ${follow}, fileserver_ignoresymlinks ${ignore}`;
  test(`RootsFileServer lists links as Salt does: ${options}`, (t) => {
    const root = mkdtempSync(join(tmpdir(), "saltx-links-"));
    t.after(() => rmSync(root, { recursive: true }));
    mkdirSync(join(root, "real/sub"), { recursive: true });
    for (const path of ["real/f", "real/sub/g"]) writeFileSync(join(root, path), path);
    symlinkSync("real", join(root, "dirlink"));
    symlinkSync("real/f", join(root, "filelink"));
    const server = new RootsFileServer({
      file_roots: { base: [root] },
      fileserver_followsymlinks: follow,
      fileserver_ignoresymlinks: ignore,
    });
    const lists = server.lists("base");
    assert.deepEqual(lists.files, [...files, "real/f", "real/sub/g"]);
    assert.deepEqual(lists.dirs, [...dirs, "real", "real/sub"]);
    assert.deepEqual(lists.links, links ? { dirlink: "real", filelink: "real/f" } : {});
    assert.equal(server.find("dirlink/f", "base")?.rel, "dirlink/f");
  });
}
