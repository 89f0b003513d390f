/** Files that a master serves: from folders and git, whole over a restart, and nothing else. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { mkdir, readdir, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileFigures } from "../../scripts/bench/files.ts";
import { isPart } from "../../src/plugins/modules/cp/place.ts";
import { type Data, type DataMap, isMap } from "../../src/types/mod.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { overTransports, scenario } from "../support/scenario.ts";
import { until } from "../support/until.ts";

const SECRET = "SECRET-4711";

const sha256 = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");

/** Folders of two environments beside a secret, with links that lead to it. */
async function writeRoots(root: string): Promise<{ base: string[]; __env__: string[] }> {
  await mkdir(join(root, "base/sub"), { recursive: true });
  await mkdir(join(root, "envs/dev"), { recursive: true });
  await writeFile(join(root, "secret"), SECRET);
  await writeFile(join(root, "base/fine"), "fine");
  await writeFile(join(root, "base/ignored.swp"), SECRET);
  await writeFile(join(root, "envs/dev/own"), "own");
  await symlink(join(root, "secret"), join(root, "base/absolute"));
  await symlink("../secret", join(root, "base/relative"));
  await symlink("../..", join(root, "base/sub/up"));
  return { base: [join(root, "base")], __env__: [join(root, "envs/__env__")] };
}

/** Makes a repository with one file. */
async function writeRepository(path: string): Promise<void> {
  await mkdir(path);
  await writeFile(join(path, "in_git"), "from git");
  const who = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
  for (const argv of [["init", "-q", "-b", "master"], ["add", "-A"], ["commit", "-q", "-m", "c"]]) {
    const done = spawnSync("git", ["-C", path, ...who, ...argv], { encoding: "utf8" });
    assert.equal(done.status, 0, done.stderr);
  }
}

/** Whether an answer gives anything of the secret away, or anything of a file at all. */
function givesNothing(answer: Data): boolean {
  if (JSON.stringify(answer).includes(SECRET)) return false;
  if (answer instanceof Uint8Array) return answer.length === 0;
  if (!isMap(answer)) return answer === "" || (Array.isArray(answer) && !answer[0]);
  return !answer["data"] && !answer["path"] && !answer["hsum"];
}

const HOSTILE: [path: Data, saltenv: Data][] = [
  ["../secret", "base"],
  ["sub/../../secret", "base"],
  ["./../secret", "base"],
  ["sub/up/secret", "base"],
  ["absolute", "base"],
  ["relative", "base"],
  ["/etc/hostname", "base"],
  ["//etc/hostname", "base"],
  ["fine\0", "base"],
  ["../secret\0.txt", "base"],
  ["..\\secret", "base"],
  ["%2e%2e/secret", "base"],
  ["..%2fsecret", "base"],
  ["\u2025/secret", "base"],
  ["|../secret", "base"],
  ["sub", "base"],
  [".", "base"],
  ["", "base"],
  ["ignored.swp", "base"],
  ["secret", ".."],
  ["secret", "../.."],
  ["secret", "base/.."],
  ["secret", "/"],
  ["hostname", "/etc"],
  ["secret", "dev/../.."],
  ["secret", "\0"],
  ["secret", "__env__"],
  ["secret", ["base"]],
  [["secret"], "base"],
  [{ a: 1 }, "base"],
  [5, null],
  ["x".repeat(100_000), "base"],
];

scenario("files of folders and repositories, and nothing beside them", async (lab, step) => {
  const roots = join(lab.root, "roots");
  await mkdir(roots);
  const repo = join(lab.root, "repo");
  await writeRepository(repo);
  const master = await (await lab.master("saltx", {
    file_roots: await writeRoots(roots),
    fileserver_backend: ["roots", "gitfs"],
    gitfs_remotes: [repo],
    file_ignore_glob: ["*.swp"],
  })).start();
  const peer = await RawPeer.accepted(master, "peer-1");

  await step("what is served is served", async () => {
    const ask = { cmd: "_serve_file", path: "fine", saltenv: "base", loc: 0 };
    assert.equal((await peer.request(ask) as DataMap)["data"], "fine");
    const own = { ...ask, path: "own", saltenv: "dev" };
    assert.equal((await peer.request(own) as DataMap)["data"], "own");
    const ofGit = { ...ask, path: "in_git" };
    await until("the repository to be fetched", async () => {
      return (await peer.request(ofGit) as DataMap)["data"] === "from git";
    });
    const found = await peer.request({ ...ofGit, cmd: "_file_find" }) as DataMap;
    assert.equal(found["back"], "gitfs");
  });

  await step("hostile paths and environments give nothing away", async () => {
    for (const cmd of ["_serve_file", "_file_find", "_file_hash", "_file_hash_and_stat"]) {
      for (const [path, saltenv] of HOSTILE) {
        for (const more of [{}, { size: 1 << 20, bulk: true }]) {
          const answer = await peer.request({ cmd, path, saltenv, loc: 0, ...more });
          const what = `${cmd} ${JSON.stringify([path, saltenv]).slice(0, 80)}`;
          assert.ok(givesNothing(answer), `${what}: ${JSON.stringify(answer)}`);
        }
      }
    }
  });

  await step("strange offsets, sizes and packings are answered, within bounds", async () => {
    const ask = { cmd: "_serve_file", path: "fine", saltenv: "base" };
    for (const loc of [-1, 1.5, 1e300, "0", null, [0]] as Data[]) {
      assert.ok(givesNothing(await peer.request({ ...ask, loc })), String(loc));
    }
    assert.equal((await peer.request({ ...ask, loc: 4 }) as DataMap)["data"], "");
    assert.equal((await peer.request({ ...ask, loc: 1e12 }) as DataMap)["data"], "");
    for (const size of [0, -5, 0.5, 1e300, "x"] as Data[]) {
      const answer = await peer.request({ ...ask, loc: 0, size }) as DataMap;
      assert.ok("fine".startsWith(String(answer["data"])) && answer["data"] !== "", String(size));
    }
    for (const gzip of [0, 10, 1e9, -1, "9"] as Data[]) {
      assert.equal((await peer.request({ ...ask, loc: 0, gzip }) as DataMap)["data"], "fine");
    }
  });

  await step("lists name what may be had, and links only that stay inside", async () => {
    for (const saltenv of ["base", "..", "/etc", "dev/../.."]) {
      const files = await peer.request({ cmd: "_file_list", saltenv }) as string[];
      const expected = saltenv === "base" ? ["fine", "in_git"] : [];
      assert.deepEqual(files, expected, saltenv);
      assert.deepEqual(await peer.request({ cmd: "_symlink_list", saltenv }), {}, saltenv);
    }
    assert.deepEqual(await peer.request({ cmd: "_file_list", saltenv: "base", prefix: ".." }), []);
  });
});

/** The file in a folder that is on its way to its place, once some of it is there. */
async function partIn(folder: string): Promise<BigIntStats> {
  return await until("a part of the file to be there", async () => {
    const name = (await readdir(folder)).find(isPart);
    if (name === undefined) return null;
    const stats = await stat(join(folder, name), { bigint: true });
    return stats.size > 16 << 20 ? stats : null;
  });
}

overTransports(
  "a large file arrives whole although the master is restarted meanwhile, or the minion",
  async (lab, step) => {
    const roots = join(lab.root, "roots");
    await mkdir(roots);
    // As much as both can be stopped in the middle of.
    const content = randomBytes((lab.transport === "raet" ? 64 : 200) << 20);
    await writeFile(join(roots, "large"), content);
    // Long enough ago for its version to count.
    await utimes(join(roots, "large"), 1_700_000_000, 1_700_000_000);
    const config = { file_roots: { base: [roots] }, auto_accept: true };
    const master = await (await lab.master("saltx", config)).start();
    const minion = await (await lab.minion("saltx", "m-1", master)).start();
    await minion.ready();
    const dest = join(lab.root, "large");

    await step("chunks that were lost are fetched again, and no others", async () => {
      await master.publish("m-1", "cp.get_file", "salt://large", dest);
      await partIn(lab.root);
      await master.stop("SIGKILL");
      await master.start();
      await until("the whole file to be there", async () => {
        return await readFile(dest).then((bytes) => bytes.length === content.length, () => false);
      }, 120_000);
      assert.equal(sha256(await readFile(dest)), sha256(content));
    });
    await step("what has not changed is not sent again", async () => {
      const before = await readFile(dest);
      assert.equal((await master.ask("m-1", "cp.get_file", "salt://large", dest))["m-1"], dest);
      assert.ok(before.equals(await readFile(dest)));
    });
    await step("a minion that was killed goes on where it was", async () => {
      await rm(dest);
      await master.publish("m-1", "cp.get_file", "salt://large", dest);
      const part = await partIn(lab.root);
      await minion.stop("SIGKILL");
      await minion.start();
      await minion.ready();
      assert.equal((await master.ask("m-1", "cp.get_file", "salt://large", dest))["m-1"], dest);
      assert.equal(sha256(await readFile(dest)), sha256(content));
      assert.equal((await stat(dest, { bigint: true })).ino, part.ino);
      assert.deepEqual((await readdir(lab.root)).filter(isPart), []);
    });
  },
);

test("the bench of files measures rate and memory", async () => {
  const rows = await fileFigures("saltx", 4, 1);
  assert.equal(rows.length, 4);
  for (const { name, values } of rows) assert.ok(values["saltx"]!.median >= 0, name);
  assert.ok(rows[0]!.values["saltx"]!.median > 0);
});
