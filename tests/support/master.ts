/**
 * A master of a lab, with the command line tools that belong to it.
 * @module
 */
import { access, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Data } from "../../src/types/mod.ts";
import { type Daemon, type Result, runCommand } from "./commands.ts";
import { type Lab, namesIn } from "./lab.ts";
import type { Endpoint } from "./loopback.ts";
import { answersPing } from "./raw_request.ts";
import { commandOf, type Software, type Tool } from "./software.ts";
import { until } from "./until.ts";

/** What a master is made of. */
export interface MasterParts {
  lab: Lab;
  software: Software;
  name: string;
  root: string;
  configDir: string;
  /** argv in front of all its programs: where they run. */
  within?: readonly string[];
  /** Whether its ports can be reached from here. */
  near: boolean;
  endpoint: Endpoint;
  /** `info` when absent. */
  logLevel?: string;
}

/** The folders of the pki directory that hold minions' keys. */
export type KeyFolder = "minions" | "minions_pre" | "minions_rejected" | "minions_denied";

/** Where RAET keeps what those folders hold for RSA keys. */
const RAET_FOLDERS: Readonly<Record<KeyFolder, string>> = {
  minions: "accepted",
  minions_pre: "pending",
  minions_rejected: "rejected",
  minions_denied: "denied",
};

/** A configured master; {@linkcode Master.start} runs it. */
export class Master {
  readonly software: Software;
  readonly configDir: string;
  readonly endpoint: Endpoint;
  readonly sockDir: string;
  readonly pkiDir: string;
  readonly cacheDir: string;
  readonly #parts: MasterParts;
  #daemon: Daemon | null = null;

  constructor(parts: MasterParts) {
    this.#parts = parts;
    this.software = parts.software;
    this.configDir = parts.configDir;
    this.endpoint = parts.endpoint;
    this.sockDir = join(parts.root, "var/run/salt/master");
    this.pkiDir = join(parts.root, "etc/salt/pki/master");
    this.cacheDir = join(parts.root, "var/cache/salt/master");
  }

  /** The running program. */
  get daemon(): Daemon {
    if (this.#daemon === null) throw new Error("the master was not started");
    return this.#daemon;
  }

  get #within(): readonly string[] {
    return this.#parts.within ?? [];
  }

  /** argv of the daemon. */
  get command(): string[] {
    return [
      ...this.#within,
      ...commandOf(this.software, "master"),
      "-c",
      this.configDir,
      "-l",
      this.#parts.logLevel ?? "info",
    ];
  }

  /** Starts it and waits until it answers requests and has its event bus. */
  async start(): Promise<this> {
    const { lab, name, software } = this.#parts;
    this.#daemon = await lab.daemon(`master ${name} (${software})`, this.command);
    const daemon = this.#daemon;
    await until("the master to answer", async () => {
      if (daemon.status !== null) return true;
      await access(join(this.sockDir, "master_event_pub.ipc"));
      if (!this.#parts.near) return /salt-master is up/.test(daemon.log);
      return await answersPing(this.endpoint, 500);
    }, 60_000);
    if (daemon.status !== null) {
      throw new Error(`The master ended with ${daemon.status}:\n${daemon.log}`);
    }
    return this;
  }

  /** Ends it; resolves with its exit status. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number> {
    return await this.daemon.stop(signal);
  }

  /** Runs one of its command line tools. */
  async tool(tool: Tool, ...args: string[]): Promise<Result> {
    return await runCommand([
      ...this.#within,
      ...commandOf(this.software, tool),
      "-c",
      this.configDir,
      ...args,
    ]);
  }

  async salt(...args: string[]): Promise<Result> {
    return await this.tool("salt", ...args);
  }

  async key(...args: string[]): Promise<Result> {
    return await this.tool("key", ...args);
  }

  async run(...args: string[]): Promise<Result> {
    return await this.tool("run", ...args);
  }

  /**
   * Runs a function and gives the returns by minion id.
   * @throws Error when the output is not JSON.
   */
  async ask(target: string, ...args: string[]): Promise<Record<string, Data>> {
    const result = await this.salt("--out=json", "--static", target, ...args);
    try {
      return JSON.parse(result.stdout);
    } catch {
      throw new Error(`salt gave no JSON (${result.code}): ${result.stdout}\n${result.stderr}`);
    }
  }

  /** Publishes a job without waiting for returns and gives its jid. */
  async publish(target: string, ...args: string[]): Promise<string> {
    const { stdout, stderr } = await this.salt("--async", target, ...args);
    const jid = /\b\d{20}(_\d+)?\b/.exec(stdout)?.[0];
    if (jid === undefined) throw new Error(`salt --async named no jid: ${stdout}\n${stderr}`);
    return jid;
  }

  /** Waits until a minion's key lies in a folder, or its RAET keys in RAET's folder for that. */
  async awaitKey(id: string, folder: KeyFolder): Promise<void> {
    await until(
      `the key of ${id} in ${folder}`,
      async () => (await this.keysIn(folder)).includes(id),
    );
  }

  /** Ids in a folder, or in RAET's folder for that, sorted. */
  async keysIn(folder: KeyFolder): Promise<string[]> {
    const folders = [folder, RAET_FOLDERS[folder]].map((name) => join(this.pkiDir, name));
    return [...new Set((await Promise.all(folders.map(namesIn))).flat())].sort();
  }

  /** Waits for a minion's key and accepts it with the command line tool. */
  async accept(id: string): Promise<void> {
    await this.awaitKey(id, "minions_pre");
    const result = await this.key("-y", "-a", id);
    if (result.code !== 0) throw new Error(`accepting ${id} failed: ${result.stderr}`);
    await this.awaitKey(id, "minions");
  }

  /** Waits until a minion answers `test.ping`; for after restarts, when its link comes back. */
  async awaitPing(id: string): Promise<void> {
    await until(
      `${id} to answer`,
      async () => (await this.ask(id, "-t", "2", "test.ping"))[id] === true,
      60_000,
    );
  }

  /** Writes a public key into a folder of the pki directory, as if that minion had asked. */
  async placeKey(id: string, folder: KeyFolder, pem: string): Promise<void> {
    await writeFile(join(this.pkiDir, folder, id), pem, { mode: 0o644 });
  }
}
