import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import {
  listedNames,
  splitNames,
  syncForm,
  type SyncRequest,
  type SyncSource,
} from "../../../../src/plugins/extmods/sync.ts";

/** A file server with the files of environments, whatever their paths. */
function serve(envs: Record<string, Record<string, string>>): SyncSource {
  return {
    list: (saltenv) => Promise.resolve(Object.keys(envs[saltenv] ?? {})),
    read: (path, saltenv) => {
      const text = envs[saltenv]?.[path];
      return text === undefined || text === "gone"
        ? Promise.reject(new Error("gone"))
        : Promise.resolve(new TextEncoder().encode(text));
    },
  };
}

function setup(t: TestContext, more: Partial<SyncRequest> = {}) {
  const parent = mkdtempSync(join(tmpdir(), "extmods-"));
  t.after(() => rmSync(parent, { recursive: true }));
  const root = join(parent, "extmods");
  const request: SyncRequest = {
    form: "modules",
    root,
    saltenvs: ["base"],
    whitelist: null,
    blacklist: [],
    clean: true,
    ...more,
  };
  const below = () => readdirSync(join(root, "modules"), { recursive: true }).map(String).sort();
  return { parent, root, request, below };
}

test("syncForm() brings files, names those that changed, and takes away what is gone", async (t) => {
  const { root, request, below } = setup(t);
  const files: Record<string, string> = {
    "_modules/a.ts": "1",
    "_modules/sub/b.js": "2",
    "_modules/data.json": "{}",
    "_grains/c.ts": "3",
  };
  const first = await syncForm(request, serve({ base: files }));
  assert.deepEqual(first, {
    changed: ["modules.a", "modules.sub.b", "modules.data"],
    touched: true,
  });
  assert.deepEqual(below(), ["a.ts", "data.json", "sub", "sub/b.js"]);
  assert.equal(statSync(join(root, "modules/a.ts")).mode & 0o777, 0o600);
  assert.equal(statSync(join(root, "modules")).mode & 0o777, 0o700);
  const again = await syncForm(request, serve({ base: files }));
  assert.deepEqual(again, { changed: [], touched: false });
  files["_modules/a.ts"] = "changed";
  delete files["_modules/sub/b.js"];
  const third = await syncForm(request, serve({ base: files }));
  assert.deepEqual(third, { changed: ["modules.a"], touched: true });
  assert.deepEqual(below(), ["a.ts", "data.json"]);
});

test("syncForm() leaves what the file server lacks where that is wanted", async (t) => {
  const { root, request, below } = setup(t, { clean: false });
  mkdirSync(join(root, "modules"), { recursive: true });
  writeFileSync(join(root, "modules/own.ts"), "");
  await syncForm(request, serve({ base: {} }));
  assert.deepEqual(below(), ["own.ts"]);
});

test("syncForm() writes nowhere else, whatever the paths of the file server", async (t) => {
  const { parent, request, below } = setup(t);
  const hostile = ["../x.ts", "../../x.ts", "/etc/x.ts", "a/../../../x.ts", "x\0.ts", "./../x.ts"];
  const files = Object.fromEntries(hostile.map((path) => [`_modules/${path}`, "bad"]));
  await syncForm(request, serve({ base: { ...files, "_modules/good.ts": "1" } }));
  const written = below().filter((name) => name.endsWith(".ts"));
  assert.deepEqual(written.filter((name) => name !== "good.ts"), []);
  assert.deepEqual(readdirSync(parent), ["extmods"]);
  assert.ok(!existsSync("/etc/x.ts"));
});

test("syncForm() takes several environments, the later over the earlier, and lists of names", async (t) => {
  const envs = {
    base: { "_modules/a.ts": "base", "_modules/b.ts": "base", "_modules/py.py": "" },
    dev: { "_modules/a.ts": "dev" },
  };
  const both = setup(t, { saltenvs: ["base", "dev"] });
  await syncForm(both.request, serve(envs));
  assert.equal(readFileSync(join(both.root, "modules/a.ts"), "utf8"), "dev");
  assert.deepEqual(both.below(), ["a.ts", "b.ts"]);
  const white = setup(t, { whitelist: ["b"] });
  await syncForm(white.request, serve(envs));
  assert.deepEqual(white.below(), ["b.ts"]);
  const black = setup(t, { blacklist: ["b"] });
  await syncForm(black.request, serve(envs));
  assert.deepEqual(black.below(), ["a.ts"]);
});

test("syncForm() leaves all as it was when a file cannot be fetched", async (t) => {
  const { request, below } = setup(t);
  await syncForm(request, serve({ base: { "_modules/a.ts": "1" } }));
  const result = await syncForm(request, serve({ base: { "_modules/b.ts": "gone" } }));
  assert.deepEqual(result, { changed: [], touched: false });
  assert.deepEqual(below(), ["a.ts"]);
});

test("listedNames() and splitNames() read names with commas, lists and maps by kind", () => {
  assert.deepEqual(listedNames("a, b", "modules"), ["a", "b"]);
  assert.deepEqual(listedNames({ modules: ["a"] }, "modules"), ["a"]);
  assert.equal(listedNames({ grains: ["a"] }, "modules"), null);
  assert.equal(listedNames(undefined, "modules"), null);
  assert.deepEqual(splitNames(["base", "dev"]), ["base", "dev"]);
});
