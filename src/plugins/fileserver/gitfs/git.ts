/**
 * The system's git: no shell, none of the user's settings, no prompt, and no protocol that runs programs.
 * What it must know of secrets goes by its environment, which other users cannot read.
 * @module
 */
import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import { chmodSync, closeSync, mkdirSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { SaltException } from "../../../errors.ts";
import { atomicWriteSync, ensureDir } from "../../../fs/mod.ts";
import { runProcess, which } from "../../../process/mod.ts";
import type { Remote } from "./remotes.ts";

const FETCH_MS = 10 * 60_000;
const LOCAL_MS = 60_000;
const MAX_LIST = 256 << 20;

function program(): string {
  const path = which("git");
  if (path === null) throw new SaltException("gitfs needs git, which is not installed");
  return path;
}

const quiet = {
  GIT_ALLOW_PROTOCOL: "file:git:http:https:ssh",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_NO_REPLACE_OBJECTS: "1",
  GIT_OPTIONAL_LOCKS: "0",
  GIT_TERMINAL_PROMPT: "0",
  LC_ALL: "C",
};

function environment(more: Record<string, string> = {}): Record<string, string> {
  const { PATH = "/usr/bin:/bin", SSH_AUTH_SOCK } = process.env;
  return {
    PATH,
    HOME: "/nonexistent",
    ...quiet,
    ...(SSH_AUTH_SOCK ? { SSH_AUTH_SOCK } : {}),
    ...more,
  };
}

/** Settings for git by its environment. */
function settingsOf(settings: Record<string, string>): Record<string, string> {
  const entries = Object.entries(settings);
  return Object.fromEntries([
    ["GIT_CONFIG_COUNT", String(entries.length)],
    ...entries.flatMap(([key, value], i) => [
      [`GIT_CONFIG_KEY_${i}`, key],
      [`GIT_CONFIG_VALUE_${i}`, value],
    ]),
  ]);
}

/** A program that runs ssh with the remote's key: git takes the name of one, without arguments. */
function sshProgram(folder: string, privkey: string): string {
  const config = join(folder, "ssh_config");
  const quoted = (path: string) => `"${path.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
  atomicWriteSync(
    config,
    `Host *\n  IdentityFile ${quoted(privkey)}\n  IdentitiesOnly yes\n  BatchMode yes\n`,
    { mode: 0o600 },
  );
  const path = join(folder, "ssh");
  atomicWriteSync(path, `#!/bin/sh\nexec ssh -F '${config.replaceAll("'", "'\\''")}' "$@"\n`, {
    mode: 0o700,
  });
  chmodSync(path, 0o700);
  return path;
}

function remoteEnvironment(remote: Remote, folder: string): Record<string, string> {
  const settings: Record<string, string> = { "safe.directory": "*", "gc.auto": "0" };
  if (!remote.sslVerify) settings["http.sslVerify"] = "false";
  if (remote.proxy !== "") settings["http.proxy"] = remote.proxy;
  if (remote.user !== "" || remote.password !== "") {
    const login = Buffer.from(`${remote.user}:${remote.password}`).toString("base64");
    settings[`http.${remote.url}.extraHeader`] = `Authorization: Basic ${login}`;
  }
  const ssh = remote.privkey === "" ? {} : { GIT_SSH: sshProgram(folder, remote.privkey) };
  return environment({ ...settingsOf(settings), ...ssh });
}

/** One bare repository in the cache. */
export class Repository {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  get #git(): string {
    return join(this.folder, "repo.git");
  }

  /** Brings all refs. @throws SaltException with what git says. */
  async fetch(remote: Remote): Promise<void> {
    ensureDir(this.folder, 0o700);
    await this.#run(["init", "-q", "--bare", "--", this.#git], environment());
    const argv = ["-C", this.#git, "fetch", "-q", "--prune", "--force", "--no-auto-gc", "--"];
    const env = remoteEnvironment(remote, this.folder);
    await this.#run([...argv, remote.url, ...remote.refspecs], env, FETCH_MS);
  }

  /** Names of branches and tags, with the commit of each. */
  async refs(): Promise<{ branches: Map<string, string>; tags: Map<string, string> }> {
    const format = "%(refname)%00%(objectname)%00%(*objectname)%00%(objecttype)%00%(*objecttype)";
    const text = await this.#run(["-C", this.#git, "for-each-ref", `--format=${format}`]);
    const found = { branches: new Map<string, string>(), tags: new Map<string, string>() };
    for (const line of text.split("\n")) {
      const [ref = "", own = "", peeled, kind, peeledKind] = line.split("\0");
      const commit = kind === "commit" ? own : peeledKind === "commit" ? peeled : undefined;
      if (!commit) continue;
      const branch = /^refs\/(?:remotes\/origin|heads)\/(.+)$/.exec(ref)?.[1];
      const tag = /^refs\/tags\/(.+)$/.exec(ref)?.[1];
      if (branch && branch !== "HEAD") found.branches.set(branch, commit);
      if (tag) found.tags.set(tag, commit);
    }
    return found;
  }

  /** The commit that some hexadecimal digits name; null when there is none, or several. */
  commit(digits: string): string | null {
    if (!/^[0-9a-f]{7,64}$/.test(digits)) return null;
    const argv = ["-C", this.#git, "rev-parse", "-q", "--verify", `${digits}^{commit}`];
    const text = this.#runSync(argv);
    return text === null ? null : text.toString("latin1").trim() || null;
  }

  /** What `git ls-tree` lists of a commit: lines that end with NUL. */
  list(commit: string): Buffer {
    const argv = ["-C", this.#git, "ls-tree", "-r", "-t", "-z", "-l", "--full-tree", commit];
    const listed = this.#runSync(argv);
    if (listed === null) throw new SaltException(`gitfs: the tree of ${commit} cannot be listed`);
    return listed;
  }

  /** A small content as text: what a link says. */
  text(blob: string): string {
    return this.#runSync(["-C", this.#git, "cat-file", "blob", blob])?.toString("utf8") ?? "";
  }

  /** Writes a content to a file. @throws SaltException when git cannot. */
  extract(blob: string, path: string): void {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const temp = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
    const file = openSync(temp, "wx", 0o600);
    try {
      const { status, stderr } = spawnSync(program(), ["-C", this.#git, "cat-file", "blob", blob], {
        env: this.#localEnvironment(),
        stdio: ["ignore", file, "pipe"],
        timeout: LOCAL_MS,
      });
      if (status !== 0) throw new SaltException(`gitfs: ${stderr.toString().trim()}`);
      renameSync(temp, path);
    } catch (error) {
      rmSync(temp, { force: true });
      throw error;
    } finally {
      closeSync(file);
    }
  }

  #localEnvironment(): Record<string, string> {
    return environment(settingsOf({ "safe.directory": "*" }));
  }

  #runSync(argv: string[]): Buffer | null {
    const { status, stdout } = spawnSync(program(), argv, {
      env: this.#localEnvironment(),
      stdio: ["ignore", "pipe", "ignore"],
      timeout: LOCAL_MS,
      maxBuffer: MAX_LIST,
    });
    return status === 0 ? stdout : null;
  }

  async #run(
    argv: string[],
    env = this.#localEnvironment(),
    timeoutMs = LOCAL_MS,
  ): Promise<string> {
    const done = await runProcess([program(), ...argv], { env, timeoutMs, maxOutput: MAX_LIST });
    if (done.code === 0) return new TextDecoder().decode(done.stdout);
    const why = done.timedOut ? "it took too long" : new TextDecoder().decode(done.stderr).trim();
    throw new SaltException(`git ${argv.includes("fetch") ? "fetch" : argv[2] ?? ""}: ${why}`);
  }
}
