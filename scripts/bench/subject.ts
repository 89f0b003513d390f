/**
 * A Salt to measure: saltx or real, each with a master and perhaps a minion on loopback.
 * @module
 */
import { readdir, readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import type { DataMap } from "../../src/types/mod.ts";
import { runCommand } from "../../tests/support/commands.ts";
import { type Config, Lab } from "../../tests/support/lab.ts";
import type { Master } from "../../tests/support/master.ts";
import type { Minion } from "../../tests/support/minion.ts";
import { commandOf, type Software } from "../../tests/support/software.ts";

/** Options that both sides of a comparison run with; all else is as it comes. */
const MASTER = {
  worker_threads: 5,
  loop_interval: 60,
  auto_accept: true,
  minimum_auth_version: 2,
  keep_jobs_seconds: 86_400,
  log_level: "warning",
};

/** One installation under measurement. */
export class Subject implements AsyncDisposable {
  readonly software: Software;
  readonly lab: Lab;
  readonly master: Master;

  private constructor(software: Software, lab: Lab, master: Master) {
    this.software = software;
    this.lab = lab;
    this.master = master;
  }

  /** A master that runs, with further options. */
  static async start(software: Software, options: Config = {}): Promise<Subject> {
    const lab = await Lab.open();
    try {
      const master = await (await lab.master(software, { ...MASTER, ...options })).start();
      return new Subject(software, lab, master);
    } catch (error) {
      console.error(lab.logs());
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Adds a minion and waits until it takes jobs. */
  async minion(id: string): Promise<Minion> {
    const minion = await (await this.lab.minion(this.software, id, this.master)).start();
    await minion.ready();
    return minion;
  }

  /** The request that has the master publish a job, as a program of this host sends it. */
  async publication(
    fun: string,
    { arg = [], tgt = "*" }: { arg?: string[]; tgt?: string | string[] } = {},
  ): Promise<DataMap> {
    const { username: user } = userInfo();
    const key = await readFile(join(this.master.cacheDir, `.${user}_key`), "utf8");
    const tgt_type = Array.isArray(tgt) ? "list" : "glob";
    const load = { cmd: "publish", fun, arg, tgt, tgt_type, ret: "", jid: "", user, key };
    return { enc: "clear", load, version: 3 };
  }

  /** Returns that lie in the master's job cache. */
  async storedReturns(): Promise<number> {
    const { cacheDir } = this.master;
    if (this.software !== "saltx") {
      const jobs = join(cacheDir, "jobs");
      const names = await readdir(jobs, { recursive: true }).catch(() => []);
      return names.filter((name) => name.endsWith("return.p")).length;
    }
    const database = new DatabaseSync(join(cacheDir, "jobs.db"), { readOnly: true });
    try {
      const row = database.prepare("SELECT count(*) AS n FROM parts WHERE ret IS NOT NULL").get();
      return Number(row?.["n"]);
    } finally {
      database.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
  }
}

/** Runs a tool without a configuration, as for `--version`. Throws when it fails. */
export async function runTool(
  software: Software,
  tool: "master" | "minion" | "salt",
  ...args: string[]
): Promise<void> {
  const { code, stderr } = await runCommand([...commandOf(software, tool), ...args]);
  if (code !== 0) throw new Error(`${software} ${tool} failed: ${stderr}`);
}
