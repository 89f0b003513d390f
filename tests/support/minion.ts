/**
 * A minion of a lab.
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { type Daemon, type Result, runCommand } from "./commands.ts";
import type { Lab } from "./lab.ts";
import { commandOf, type Software } from "./software.ts";

/** What a minion is made of. */
export interface MinionParts {
  lab: Lab;
  software: Software;
  id: string;
  root: string;
  configDir: string;
  /** argv in front of all its programs: where they run. */
  within?: readonly string[];
}

/** A configured minion; {@linkcode Minion.start} runs it. */
export class Minion {
  readonly id: string;
  readonly software: Software;
  readonly configDir: string;
  readonly pkiDir: string;
  readonly sockDir: string;
  readonly cacheDir: string;
  readonly #parts: MinionParts;
  #daemon: Daemon | null = null;

  constructor(parts: MinionParts) {
    this.#parts = parts;
    this.id = parts.id;
    this.software = parts.software;
    this.configDir = parts.configDir;
    this.pkiDir = join(parts.root, "etc/salt/pki/minion");
    this.sockDir = join(parts.root, "var/run/salt/minion");
    this.cacheDir = join(parts.root, "var/cache/salt/minion");
  }

  /** The running program. */
  get daemon(): Daemon {
    if (this.#daemon === null) throw new Error("the minion was not started");
    return this.#daemon;
  }

  /** Where programs of its host write into its event bus. */
  get pullSocket(): string {
    const hash = createHash("sha256").update(this.id).digest("hex").slice(0, 10);
    return join(this.sockDir, `minion_event_${hash}_pull.ipc`);
  }

  get #within(): readonly string[] {
    return this.#parts.within ?? [];
  }

  /** Starts it without waiting: its key may have to be accepted first. */
  async start(): Promise<this> {
    const { lab, id, software, configDir } = this.#parts;
    const argv = [...this.#within, ...commandOf(software, "minion"), "-c", configDir, "-l", "info"];
    // So that a job can tell on whose behalf it runs.
    this.#daemon = await lab.daemon(`minion ${id} (${software})`, argv, {
      env: { TEST_MINION: id },
    });
    return this;
  }

  /** Waits until it has signed in and listens for jobs. */
  async ready(): Promise<void> {
    await this.daemon.line(/Minion is ready to receive requests!/, 60_000);
  }

  /** Ends it; resolves with its exit status. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number> {
    return await this.daemon.stop(signal);
  }

  /** Runs a function on the minion's own host. */
  async call(...args: string[]): Promise<Result> {
    return await runCommand([
      ...this.#within,
      ...commandOf(this.software, "call"),
      "-c",
      this.configDir,
      ...args,
    ]);
  }
}
