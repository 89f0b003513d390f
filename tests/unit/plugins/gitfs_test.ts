/** gitfs on repositories that the test makes with the system's git. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { defaultMasterOpts } from "../../support/gitfs_opts.ts";
import { SaltConfigurationError } from "../../../src/errors.ts";
import {
  clearGitfs,
  FileServers,
  lockGitfs,
  openBackends,
  readRemotes,
  unlockGitfs,
  updateGitfs,
} from "../../../src/plugins/fileserver/mod.ts";

/** A repository with branches `master` and `dev/x` and a tag `v1`, and a cache. */
function lab(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), "saltx-gitfs-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const repo = join(root, "repo");
  const git = (...argv: string[]) => {
    const done = spawnSync("git", ["-C", repo, ...argv], {
      encoding: "utf8",
      env: {
        ...process.env,
        GIT_CONFIG_GLOBAL: "/dev/null",
        ...Object.fromEntries(["AUTHOR", "COMMITTER"].flatMap((who) => [
          [`GIT_${who}_NAME`, "t"],
          [`GIT_${who}_EMAIL`, "t@example.com"],
        ])),
      },
    });
    assert.equal(done.status, 0, done.stderr);
    return done.stdout.trim();
  };
  const commit = (files: Record<string, string>) => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(repo, path, ".."), { recursive: true });
      writeFileSync(join(repo, path), text);
    }
    git("add", "-A");
    git("commit", "-q", "-m", "c");
    return git("rev-parse", "HEAD");
  };
  mkdirSync(repo);
  git("init", "-q", "-b", "master");
  const first = commit({ "top.sls": "one", "states/web/init.sls": "web", "states/a b": "spaces" });
  git("tag", "-a", "v1", "-m", "v1");
  git("checkout", "-q", "-b", "dev/x");
  commit({ "top.sls": "dev" });
  git("checkout", "-q", "master");
  const opts = (more: Record<string, unknown> = {}) =>
    defaultMasterOpts(root, { fileserver_backend: ["git"], gitfs_remotes: [repo], ...more });
  const served = (more: Record<string, unknown> = {}) => new FileServers(openBackends(opts(more)));
  const read = (server: FileServers, path: string, env = "base") => {
    const found = server.find(path, env);
    return found && readFileSync(found.path, "utf8");
  };
  return { root, repo, git, commit, first, opts, served, read };
}

test("branches and tags are environments, and the base branch is base", async (t) => {
  const { opts, served, read, first, commit } = lab(t);
  assert.equal(await updateGitfs(opts()), true);
  const server = served();
  assert.deepEqual(server.envs(), ["base", "dev/x", "v1"]);
  assert.equal(read(server, "top.sls"), "one");
  assert.equal(read(server, "top.sls", "dev/x"), "dev");
  assert.equal(read(server, "states/a b", "v1"), "spaces");
  assert.equal(read(server, "top.sls", first), "one");
  for (const env of ["master", "nosuch", "../x", "HEAD", "--help", "v1^{tree}"]) {
    assert.equal(server.find("top.sls", env), null, env);
  }
  assert.deepEqual(server.lists("base"), {
    files: ["states/a b", "states/web/init.sls", "top.sls"],
    dirs: ["states", "states/web"],
    emptyDirs: [],
    links: {},
  });
  assert.equal(await updateGitfs(opts()), false);
  commit({ "top.sls": "two" });
  assert.equal(await updateGitfs(opts()), true);
  assert.equal(read(served(), "top.sls"), "two");
});

test("root, mountpoint, base, saltenv and lists decide what is served where", async (t) => {
  const { repo, opts, served, read } = lab(t);
  await updateGitfs(opts());
  const placed = served({ gitfs_root: "states", gitfs_mountpoint: "salt://mnt/x" });
  assert.deepEqual(placed.lists("base").files, ["mnt/x/a b", "mnt/x/web/init.sls"]);
  assert.equal(read(placed, "mnt/x/web/init.sls"), "web");
  assert.equal(placed.find("top.sls", "base"), null);
  assert.equal(read(served({ gitfs_base: "v1" }), "top.sls"), "one");
  const own = served({
    gitfs_remotes: [{ [repo]: [{ saltenv: [{ qa: [{ ref: "v1" }, { root: "states" }] }] }] }],
  });
  assert.equal(read(own, "web/init.sls", "qa"), "web");
  const mapped = { gitfs_disable_saltenv_mapping: true, gitfs_saltenv: [{ qa: [{ ref: "v1" }] }] };
  assert.deepEqual(served(mapped).envs(), ["qa"]);
  assert.deepEqual(served({ gitfs_saltenv_whitelist: ["base", "dev/.*"] }).envs(), [
    "base",
    "dev/x",
  ]);
  assert.deepEqual(served({ gitfs_saltenv_blacklist: ["v*"] }).envs(), ["base", "dev/x"]);
  assert.deepEqual(served({ gitfs_ref_types: ["tag"] }).envs(), ["v1"]);
  assert.equal(read(served({ gitfs_fallback: "dev/x" }), "top.sls", "nosuch"), "dev");
  const all = served({ gitfs_remotes: [{ [repo]: [{ all_saltenvs: "v1" }] }] });
  assert.equal(read(all, "top.sls", "anything"), "one");
});

test("links within the repository are followed, others are not served", async (t) => {
  const { root, repo, commit, opts, served, read } = lab(t);
  writeFileSync(join(root, "secret"), "SECRET");
  symlinkSync("states/web/init.sls", join(repo, "inside"));
  symlinkSync("../secret", join(repo, "climbs"));
  symlinkSync(join(root, "secret"), join(repo, "absolute"));
  symlinkSync("circle", join(repo, "circle"));
  commit({});
  await updateGitfs(opts());
  const server = served();
  assert.equal(read(server, "inside"), "web");
  for (const path of ["climbs", "absolute", "circle", "../secret", "states/../../secret", "a\0b"]) {
    assert.equal(server.find(path, "base"), null, path);
  }
  assert.deepEqual(server.lists("base").links, { inside: "states/web/init.sls" });
});

test("roots and git serve together, the first that has a file", async (t) => {
  const { root, opts, served, read } = lab(t);
  await updateGitfs(opts());
  mkdirSync(join(root, "srv"));
  writeFileSync(join(root, "srv/top.sls"), "roots");
  writeFileSync(join(root, "srv/more"), "more");
  const more = { file_roots: { base: [join(root, "srv")] }, fileserver_backend: ["git", "roots"] };
  const server = served(more);
  assert.equal(read(server, "top.sls"), "one");
  assert.equal(read(server, "more"), "more");
  assert.equal(read(served({ ...more, fileserver_backend: ["roots", "git"] }), "top.sls"), "roots");
  assert.ok(server.lists("base").files.includes("more"));
  assert.throws(() => served({ fileserver_backend: ["hg"] }), SaltConfigurationError);
});

test("a locked remote is not fetched, and the lock of a process that is gone does not count", async (t) => {
  const { opts, root, commit } = lab(t);
  await updateGitfs(opts());
  assert.match(lockGitfs(opts(), null).done[0]!, /^Set update lock/);
  assert.match(lockGitfs(opts(), null).errors[0]!, /held already/);
  commit({ "top.sls": "two" });
  assert.equal(await updateGitfs(opts()), false);
  assert.equal(unlockGitfs(opts(), "nosuch*").done.length, 0);
  assert.match(unlockGitfs(opts(), null).done[0]!, /^Removed update lock/);
  const [remote] = readRemotes(opts());
  const lock = join(opts().cachedir, "gitfs", remote!.id, "update.lk");
  writeFileSync(lock, JSON.stringify({ pid: 1, started: "not this one" }));
  assert.equal(await updateGitfs(opts()), true);
  assert.equal(existsSync(lock), false);
  clearGitfs(opts());
  assert.equal(existsSync(join(root, "cache", "gitfs")), false);
});

test("addresses, refs and paths that git could take for something else are refused", (t) => {
  const { repo, opts } = lab(t);
  const remotes = (...gitfs_remotes: unknown[]) => readRemotes(opts({ gitfs_remotes }));
  for (
    const url of [
      "--upload-pack=touch /tmp/x",
      "-x",
      "ext::sh -c touch% /tmp/x",
      "fd::17",
      "https://-oProxyCommand=x/y",
      "ssh://-oProxyCommand=x/y",
      "-oProxyCommand=x:y",
      "user@host:-x",
      "https://example.com/a b",
      "https://example.com/a\nb",
      "ftp://example.com/x",
      "",
    ]
  ) {
    assert.throws(() => remotes(url), SaltConfigurationError, url);
  }
  for (const base of ["--help", "-x", "a..b", "a b", "a^{x}", "x.lock"]) {
    assert.throws(() => remotes({ [repo]: [{ base }] }), SaltConfigurationError, base);
  }
  for (
    const setting of [
      { root: "../x" },
      { mountpoint: "salt://../x" },
      { refspecs: ["--upload-pack=x"] },
      { nonsense: 1 },
      { passphrase: "x" },
      { saltenv: [{ qa: [{ ref: "-x" }] }] },
    ]
  ) {
    assert.throws(() => remotes({ [repo]: [setting] }), SaltConfigurationError);
  }
  const http = { "http://example.com/x": [{ user: "u", password: "p" }] };
  assert.throws(() => remotes(http), /insecure_auth/);
  const fine = ["https://h/x", "ssh://git@h/x", "git@h.example:x/y.git", "file:///x", "git://h/x"];
  assert.deepEqual(remotes(...fine).map(({ url }) => url), fine);
});
