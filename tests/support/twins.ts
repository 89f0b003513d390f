/**
 * Two throw-away machines of one system, one for real Salt and one for saltx, on which the same calls are
 * made.
 * @module
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Call } from "../../scripts/compare_modules/calls.ts";
import { compareExecutables } from "../../scripts/compare_modules/executable.ts";
import { ensurePrograms, onMachine, putOnMachine } from "../../scripts/machines.ts";
import { runCommand } from "./commands.ts";
import type { Hosts } from "./netns.ts";

/** Both machines. */
export interface Twins {
  /** Their folders: for real Salt, and for saltx. */
  folders: string[];
  /** Of files that both see, below /tmp. */
  shared: string;
  put(path: string, text: string): Promise<void>;
  /** Calls functions on both, and has them answer alike. */
  compare(calls: readonly Call[]): Promise<void>;
}

/** Where real Salt's machine may have modules of Python that its environment has not. */
export const PYTHON_FOLDER = "/usr/local/lib/for-salt";

/** What `/etc/os-release` of Debian has. */
export const debian =
  'ID=debian\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n';

/** Runs a program on a throw-away machine. @throws Error when it fails. */
export async function runOn(machine: string, ...argv: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand([...onMachine(machine), ...argv]);
  if (code !== 0) throw new Error(`${argv.join(" ")} failed (${code}): ${stdout}${stderr}`);
  return stdout;
}

/**
 * Makes two machines of a system, and takes them away.
 * @param release What their `/etc/os-release` has.
 * @param networks Hosts `salt` and `saltx`, whose networks they have.
 */
export async function withTwins(
  release: string,
  use: (twins: Twins) => Promise<void>,
  networks?: Hosts,
): Promise<void> {
  await ensurePrograms();
  const shared = await mkdtemp(join(tmpdir(), "saltx-machines-"));
  const folders = ["salt", "saltx"].map((name) => join(shared, name));
  const put = async (path: string, text: string) => {
    for (const folder of folders) await putOnMachine(folder, path, text);
  };
  const compare = async (calls: readonly Call[]) => {
    const [salt, saltx] = folders.map((folder) => [
      ...(networks?.host(basename(folder)).command ?? []),
      ...onMachine(folder),
    ]) as [string[], string[]];
    salt.push("env", `PYTHONPATH=${PYTHON_FOLDER}`);
    const differing = await compareExecutables(calls, { salt, saltx });
    assert.deepEqual(differing.filter(({ why }) => !why), []);
  };
  try {
    await put("etc/os-release", release);
    await use({ folders, shared, put, compare });
  } finally {
    await rm(shared, { recursive: true, force: true });
  }
}

/** Without process ids, times, and seconds since 1970. */
function timeless(text: string): string {
  return text.replaceAll(/'(pid|install_date_time_t)': \d+/g, "'$1': 0")
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?/g, "then")
    .replaceAll(/\b17\d{8}\b/g, "0");
}

/** A call; its words are separated by ` ¦ `. */
export function call(line: string, more: Partial<Call> = {}): Call {
  const [fun, ...words] = line.split(" ¦ ");
  return { fun: fun!, words, normalise: timeless, ...more };
}
