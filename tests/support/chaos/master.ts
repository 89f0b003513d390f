/**
 * A master of a storm: in a network namespace of its own where there are any, with a program beside it
 * that issues commands.
 * @module
 */
import { spawn } from "node:child_process";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { Daemon, runCommand } from "../commands.ts";
import type { Lab } from "../lab.ts";
import type { Endpoint } from "../loopback.ts";
import type { Master } from "../master.ts";
import type { RedisServer } from "../redis_server.ts";
import { commandOf } from "../software.ts";
import { until } from "../until.ts";
import type { Island } from "./network.ts";

/** A command for minions. */
export interface ChaosCommand {
  jid: string;
  ids: string[];
  work: string;
}

const COMMANDER = join(import.meta.dirname ?? ".", "commander.ts");

/** See the module's comment. */
export class ChaosMaster {
  readonly name: string;
  readonly endpoint: Endpoint;
  readonly island: Island | null;
  readonly cacheDir: string;
  /** Commands that it took. */
  taken = 0;
  readonly #lab: Lab;
  readonly #master: Master;
  #daemon!: Daemon;
  #commander!: ReturnType<typeof spawn>;

  private constructor(lab: Lab, name: string, master: Master, island: Island | null) {
    this.#lab = lab;
    this.name = name;
    this.#master = master;
    this.island = island;
    this.cacheDir = master.cacheDir;
    this.endpoint = island ? { ...master.endpoint, host: island.address } : master.endpoint;
  }

  static async start(
    lab: Lab,
    name: string,
    redis: RedisServer,
    island: Island | null,
  ): Promise<ChaosMaster> {
    const url = new URL(redis.url);
    if (island) url.hostname = island.host;
    const master = await lab.master("saltx", {
      id: name,
      ...(island ? { interface: island.address } : {}),
      cluster: url.href,
      cluster_secret: "of the storm",
      auto_accept: true,
      publish_timeout: 5,
    }, name);
    const started = new ChaosMaster(lab, name, master, island);
    await started.resume();
    started.#command();
    return started;
  }

  /** As minions name it. */
  get address(): string {
    return `${this.endpoint.host}:${this.endpoint.requestPort}`;
  }

  get pid(): number {
    return this.#daemon.pid;
  }

  /** Starts it again, and waits until it can be used. */
  async resume(): Promise<void> {
    const argv = [...this.#inside, ...commandOf("saltx", "master"), "-c", this.#master.configDir];
    const daemon = this.#daemon = await this.#lab.daemon(this.name, [...argv, "-l", "warning"]);
    await until(`${this.name} to start`, async () => {
      if (daemon.status !== null) throw new Error(daemon.log);
      await access(join(this.#master.sockDir, "master_event_pub.ipc"));
      return true;
    }, 60_000);
  }

  async kill(): Promise<void> {
    await this.#daemon.stop("SIGKILL");
  }

  /** Has it publish; what it says is counted. */
  command(command: ChaosCommand): void {
    this.#commander.stdin?.write(JSON.stringify(command) + "\n");
  }

  /** Minions that answer through it. */
  async present(): Promise<string[]> {
    const argv = [...this.#inside, ...commandOf("saltx", "salt"), "-c", this.#master.configDir];
    const { stdout } = await runCommand([
      ...[...argv, "-t", "3", "--static", "--out=json", "*", "test.ping"],
    ]);
    const answers: Record<string, unknown> = JSON.parse(stdout);
    return Object.keys(answers).filter((id) => answers[id] === true);
  }

  get #inside(): readonly string[] {
    return this.island?.inside ?? [];
  }

  #command(): void {
    const script = ["run", "-A", "--no-check", COMMANDER];
    const [program, ...args] = [...this.#inside, process.execPath, ...script];
    const child = spawn(program!, [...args, this.#master.configDir], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.taken += text.split("\n").filter((line) => line.startsWith("took ")).length;
    });
    child.stdin.on("error", () => {});
    this.#commander = child;
  }

  /** Ends the program that issues commands. */
  stop(): void {
    this.#commander.stdin?.end();
    this.#commander.kill();
  }
}
