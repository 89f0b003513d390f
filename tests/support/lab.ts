/**
 * A temporary estate on loopback: masters and minions, saltx or real Salt, that are gone at its end.
 * @module
 */
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { Daemon, type RunOptions } from "./commands.ts";
import { type EventLog, followEvents } from "./event_log.ts";
import { freeEndpoint } from "./loopback.ts";
import { Master } from "./master.ts";
import { Minion } from "./minion.ts";
import type { Host } from "./netns.ts";
import { commandOf, type Software } from "./software.ts";

/** Options of a configuration file, by Salt's names. */
export type Config = Record<string, unknown>;

/** How the masters and minions of a lab talk where their configuration does not say. */
export type Transport = "zeromq" | "raet";

/** A temporary folder with everything that a test starts. `await using` ends all of it. */
export class Lab implements AsyncDisposable {
  readonly root: string;
  readonly transport: Transport;
  readonly #daemons: Daemon[] = [];

  private constructor(root: string, transport: Transport) {
    this.root = root;
    this.transport = transport;
  }

  static async open(transport: Transport = "zeromq"): Promise<Lab> {
    // Short, because the sockets below it have at most 107 characters.
    return new Lab(await mkdtemp(join(tmpdir(), "sx-")), transport);
  }

  /** Writes a master's configuration below the root; it is not started. */
  async master(
    software: Software,
    config: Config = {},
    name = "m",
    on?: Host,
  ): Promise<Master> {
    const root = join(this.root, name);
    const endpoint = await freeEndpoint();
    const configDir = await this.#configure(root, "master", {
      interface: endpoint.host,
      publish_port: endpoint.publishPort,
      ret_port: endpoint.requestPort,
      worker_threads: 2,
      loop_interval: 2,
      minimum_auth_version: 2,
      ...config,
    });
    const logLevel = String(config["log_level"] ?? "info");
    const where = { within: on?.command ?? [], near: on?.near ?? on === undefined };
    return new Master({ lab: this, software, name, root, configDir, endpoint, logLevel, ...where });
  }

  /** Writes a minion's configuration below the root; it is not started. */
  async minion(
    software: Software,
    id: string,
    master: Pick<Master, "endpoint">,
    config: Config = {},
    on?: Host,
  ): Promise<Minion> {
    const root = join(this.root, `n${this.#daemons.length}-${id.slice(0, 12)}`);
    const { host, publishPort, requestPort } = master.endpoint;
    const configDir = await this.#configure(root, "minion", {
      id,
      master: host,
      publish_port: publishPort,
      master_port: requestPort,
      acceptance_wait_time: 1,
      random_reauth_delay: 1,
      recon_default: 100,
      recon_max: 500,
      recon_randomize: false,
      ...config,
    });
    const within = on?.command ?? [];
    return new Minion({ lab: this, software, id, root, configDir, within });
  }

  /**
   * Starts the syndic beside a master, which signs in at another one as `id`.
   * @param master Its configuration names the master above.
   */
  async syndic(master: Master, id: string, config: Config = {}): Promise<Daemon> {
    await writeConfig(join(master.configDir, "minion"), {
      root_dir: join(master.configDir, "../.."),
      user: userInfo().username,
      id,
      acceptance_wait_time: 1,
      random_reauth_delay: 1,
      recon_default: 100,
      recon_max: 500,
      recon_randomize: false,
      ...config,
    });
    const argv = [...commandOf(master.software, "syndic"), "-c", master.configDir, "-l", "info"];
    return await this.daemon(`syndic ${id} (${master.software})`, argv);
  }

  /** Starts a program that ends with the lab at the latest. */
  async daemon(
    name: string,
    argv: readonly string[],
    options: RunOptions = {},
  ): Promise<Daemon> {
    const daemon = await Daemon.start(name, argv, { cwd: this.root, ...options });
    this.#daemons.push(daemon);
    return daemon;
  }

  /** Follows a master's events from now on. */
  async events(master: Master): Promise<EventLog> {
    return await followEvents(this, master);
  }

  /** What all the programs wrote, to show when a test fails. */
  logs(): string {
    return this.#daemons.map(({ name, pid, status, log }) => {
      const state = status === null ? "runs" : `ended with ${status}`;
      return `----- ${name} (pid ${pid}, ${state}) -----\n${log.slice(-20_000)}`;
    }).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Minions first: they would complain about the master that has gone.
    for (const daemon of this.#daemons.toReversed()) await daemon[Symbol.asyncDispose]();
    await rm(this.root, { recursive: true, force: true, maxRetries: 5 });
  }

  async #configure(root: string, role: "master" | "minion", config: Config): Promise<string> {
    const dir = join(root, "etc", "salt");
    await mkdir(dir, { recursive: true });
    const base = { root_dir: root, user: userInfo().username };
    const road = this.transport === "zeromq" ? {} : { transport: this.transport };
    await writeConfig(join(dir, role), { ...base, ...road, ...config });
    return dir;
  }
}

/** Writes a configuration file; JSON values are YAML. */
export async function writeConfig(path: string, config: Config): Promise<void> {
  const lines = Object.entries(config).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`);
  await writeFile(path, lines.join(""));
}

/** Names in a folder, sorted; none when it is not there. */
export async function namesIn(folder: string): Promise<string[]> {
  return await readdir(folder).then((names) => names.sort(), () => []);
}
