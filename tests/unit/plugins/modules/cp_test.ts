import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { localServices } from "../../../../src/loader/mod.ts";
import type { Data, DataMap } from "../../../../src/types/mod.ts";
import { testContext } from "../../../support/exec_context.ts";
import { until } from "../../../support/until.ts";

/** A master that serves these files in chunks of 5 bytes. */
async function withMaster(t: TestContext, files: Record<string, string>) {
  const root = mkdtempSync(join(tmpdir(), "saltx-cp-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const loads: DataMap[] = [];
  const answer = (load: DataMap): Data => {
    const path = String(load["path"]);
    const text = Object.hasOwn(files, path) ? files[path]! : undefined;
    switch (load["cmd"]) {
      case "_file_list":
        return Object.keys(files).filter((name) => name.startsWith(String(load["prefix"])));
      case "_file_list_emptydirs":
        return ["web/empty", "../../climbs"];
      case "_file_hash":
        if (text === undefined) return "";
        return { hsum: createHash("sha256").update(text).digest("hex"), hash_type: "sha256" };
      case "_serve_file": {
        const data = new TextEncoder().encode(text).slice(Number(load["loc"]));
        const part = data.slice(0, 5);
        if (load["gzip"] === null || load["gzip"] === undefined || part.length === 0) {
          return { data: part, dest: path };
        }
        return { data: new Uint8Array(gzipSync(part)), dest: path, gzip: load["gzip"] };
      }
      default:
        return true;
    }
  };
  const request = (load: DataMap) => {
    loads.push(load);
    return Promise.resolve(answer(load));
  };
  const ctx = await testContext({
    opts: { file_client: "remote", cachedir: join(root, "cache") },
    minion: { ...localServices, request },
  });
  return { ctx, root, loads, files };
}

test("cp.get_file fetches in chunks, packed or not, and only what has changed", async (t) => {
  const { ctx, root, loads, files } = await withMaster(t, { "a.txt": "hello, world" });
  const dest = join(root, "a");
  assert.equal(await ctx.salt("cp.get_file", ["salt://a.txt", dest]), dest);
  assert.equal(readFileSync(dest, "utf8"), "hello, world");
  const count = loads.length;
  await ctx.salt("cp.get_file", ["salt://a.txt", dest]);
  assert.deepEqual(loads.slice(count).map((load) => load["cmd"]), ["_file_hash"]);
  files["a.txt"] = "something else";
  await ctx.salt("cp.get_file", ["salt://a.txt", `${root}/`], { gzip: 9 });
  assert.equal(readFileSync(join(root, "a.txt"), "utf8"), "something else");
});

test("cp.get_file keeps the mode of a file that it replaces, and a link to it", async (t) => {
  const { ctx, root } = await withMaster(t, { "a.txt": "new" });
  writeFileSync(join(root, "real"), "old", { mode: 0o600 });
  symlinkSync(join(root, "real"), join(root, "link"));
  await ctx.salt("cp.get_file", ["salt://a.txt", join(root, "link")]);
  assert.equal(readFileSync(join(root, "real"), "utf8"), "new");
  assert.equal(statSync(join(root, "real")).mode & 0o777, 0o600);
});

test("cp.get_file leaves what was there when the master sends something else", async (t) => {
  const { ctx, root } = await withMaster(t, { "a.txt": "whole" });
  const dest = join(root, "a");
  writeFileSync(dest, "old");
  const { request } = ctx.minion;
  Object.assign(ctx.minion, {
    request: async (load: DataMap) => {
      const answered = await request(load);
      return load["cmd"] === "_file_hash" ? { hsum: "00", hash_type: "sha256" } : answered;
    },
  });
  await assert.rejects(ctx.salt("cp.get_file", ["salt://a.txt", dest]), /changed while/);
  assert.deepEqual(readdirSync(root), ["a"]);
  assert.equal(readFileSync(dest, "utf8"), "old");
});

test("cp refuses URLs and names from the master that climb", async (t) => {
  const { ctx, root } = await withMaster(t, { "../../evil": "x", "web/ok": "y" });
  for (const url of ["salt://../x", "salt://a/../../x", "salt://", "salt://a?saltenv=../x"]) {
    await assert.rejects(ctx.salt("cp.cache_file", [url]), /usable path|cannot be a saltenv/);
  }
  await assert.rejects(ctx.salt("cp.cache_file", ["salt://a", "../../x"]), /cannot be a saltenv/);
  await assert.rejects(ctx.salt("cp.cache_master"), /usable path/);
  const dest = join(root, "dest");
  const got = await ctx.salt("cp.get_dir", ["salt://web", dest]);
  assert.deepEqual(got, [join(dest, "web/empty"), join(dest, "web/ok")]);
  assert.equal(existsSync(join(root, "climbs")), false);
});

test("cp caches files below cachedir, and finds them again", async (t) => {
  const { ctx } = await withMaster(t, { "web/a": "1", "web/b.py": "2", "other": "3" });
  const base = join(ctx.opts.cachedir, "files", "base");
  assert.equal(await ctx.salt("cp.cache_file", ["salt://web/a"]), join(base, "web/a"));
  assert.equal(await ctx.salt("cp.is_cached", ["salt://web/a"]), join(base, "web/a"));
  const dir = await ctx.salt("cp.cache_dir", ["salt://web"], { include_pat: "E@[.]py$" });
  assert.deepEqual(dir, [join(base, "web/b.py")]);
  assert.deepEqual(await ctx.salt("cp.list_minion"), ["web/a", "web/b.py"]);
  const env = await ctx.salt("cp.cache_file", ["salt://other?saltenv=dev"]);
  assert.equal(env, join(ctx.opts.cachedir, "files", "dev", "other"));
});

test("cp.push sends a file in parts, and names it by its path", async (t) => {
  const { ctx, root, loads } = await withMaster(t, {});
  writeFileSync(join(root, "up"), "content");
  assert.equal(await ctx.salt("cp.push", [join(root, "up")], { upload_path: "/x/y" }), true);
  const { data, ...load } = loads[0]!;
  assert.deepEqual(new TextDecoder().decode(data as Uint8Array), "content");
  assert.deepEqual(load, { cmd: "_file_recv", id: "tester", path: ["x", "y"], size: 7, loc: 0 });
  const climbing = { upload_path: "../y" };
  assert.equal(await ctx.salt("cp.push", [join(root, "up")], climbing), false);
  mkdirSync(join(root, "dir"));
  assert.equal(await ctx.salt("cp.push_dir", [join(root, "dir")]), false);
  writeFileSync(join(root, "dir", "a.conf"), "a");
  writeFileSync(join(root, "dir", "b"), "b");
  const args = { glob: "*.conf", upload_path: "up" };
  assert.equal(await ctx.salt("cp.push_dir", [join(root, "dir")], args), true);
  assert.deepEqual(loads.at(-1)!["path"], ["up", "a.conf"]);
});

test("cp.recv_chunked puts a file together and sets its mode", async (t) => {
  const { ctx, root } = await withMaster(t, {});
  const dest = join(root, "deep", "file");
  const part = (text: string) => gzipSync(text).toString("base64");
  assert.equal(await ctx.salt("cp.recv_chunked", [dest, part("ab"), false, true, 0o640]), true);
  assert.equal(await ctx.salt("cp.recv_chunked", [dest, part("cd"), true]), true);
  assert.equal(readFileSync(dest, "utf8"), "abcd");
  assert.equal(statSync(dest).mode & 0o777, 0o640);
  assert.equal(await ctx.salt("cp.recv_chunked", [join(root, "new"), null]), true);
  assert.equal(await ctx.salt("cp.recv_chunked", [dest, null]), "Path exists and is a file");
  const folder = { [join("/x", "one")]: "text" };
  assert.deepEqual(await ctx.salt("cp.recv", [folder, root]), { [join(root, "one")]: true });
});

test("cp.get_url says which addresses it can fetch", async (t) => {
  const { ctx, root } = await withMaster(t, {});
  for (const url of ["ftp://h/x", "s3://bucket/x", "swift://x/y"]) {
    await assert.rejects(
      ctx.salt("cp.get_url", [url, join(root, "x")]),
      /cannot be fetched; salt:/,
    );
  }
  await assert.rejects(ctx.salt("cp.get_url", ["relative", join(root, "x")]), /not absolute/);
});

test("cp knows environments with slashes, and none that climb", async (t) => {
  const { ctx } = await withMaster(t, { "a": "1" });
  const path = await ctx.salt("cp.cache_file", ["salt://a", "feature/x"]);
  assert.equal(path, join(ctx.opts.cachedir, "files", "feature/x", "a"));
  for (const env of ["a/../b", "/a", "a//b", "./a", "a/.."]) {
    await assert.rejects(ctx.salt("cp.cache_file", ["salt://a", env]), /cannot be a saltenv/, env);
  }
});

test("cp without a master serves roots and repositories, in the order of fileserver_backend", async (t) => {
  const root = mkdtempSync(join(tmpdir(), "saltx-cp-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const [here, repo] = [join(root, "here"), join(root, "repo")];
  for (const folder of [here, repo]) mkdirSync(folder);
  writeFileSync(join(here, "both"), "of the roots");
  writeFileSync(join(repo, "both"), "of git");
  writeFileSync(join(repo, "only"), "in git");
  const git = (...words: string[]) => {
    const who = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
    const done = spawnSync("git", ["-C", repo, ...who, ...words], { encoding: "utf8" });
    assert.equal(done.status, 0, done.stderr);
  };
  git("init", "-q", "-b", "master");
  git("add", "-A");
  git("commit", "-q", "-m", "c");
  git("branch", "dev");
  const ctx = await testContext({
    opts: {
      cachedir: join(root, "cache"),
      file_roots: { base: [here] },
      fileserver_backend: ["roots", "git"],
      gitfs_remotes: [repo],
      gitfs_update_interval: 0,
    },
  });
  const text = (path: string, saltenv: string) =>
    ctx.salt("cp.get_file_str", [`salt://${path}`, saltenv]);
  assert.equal(await text("both", "base"), "of the roots");
  assert.equal(await text("only", "base"), "in git");
  assert.equal(await text("both", "dev"), "of git");
  assert.deepEqual(await ctx.salt("cp.list_master", ["base"]), ["both", "only"]);
  assert.deepEqual(await ctx.salt("cp.envs", []), ["base", "dev"]);
  writeFileSync(join(repo, "later"), "in git");
  git("add", "-A");
  git("commit", "-q", "-m", "d");
  const list = () => ctx.salt("cp.list_master", ["base"]) as Promise<string[]>;
  await until("what was fetched to be seen", async () => (await list()).includes("later"));
});
