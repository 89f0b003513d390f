/**
 * Two hosts with a link between them that delays and loses packets, of TCP and UDP alike.
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { runCommand } from "../../../tests/support/commands.ts";
import type { Host } from "../../../tests/support/netns.ts";

/** Where the master's host is. */
export const MASTER_ADDRESS = "10.92.0.1";
const MINION_ADDRESS = "10.92.0.2";

let count = 0;

/** `await using` takes the hosts away. */
export class LossyLink implements AsyncDisposable {
  readonly master: Host;
  readonly minions: Host;
  readonly #names: [string, string];
  readonly #relay: ChildProcess;

  private constructor(names: [string, string], relay: ChildProcess) {
    this.#names = names;
    this.#relay = relay;
    this.master = { command: ["ip", "netns", "exec", names[0]] };
    this.minions = { command: ["ip", "netns", "exec", names[1]] };
  }

  /** @param delayMs each way. @param loss in percent. @param tcp congestion control of TCP. */
  static async open(delayMs: number, loss: number, tcp: string): Promise<LossyLink> {
    const mark = `bl${process.pid.toString(36)}${(count++).toString(36)}`;
    const names: [string, string] = [`${mark}m`, `${mark}n`];
    const relay = spawn("python3", [
      join(import.meta.dirname ?? ".", "lossy_link.py"),
      ...names,
      String(delayMs),
      String(loss),
      "1",
    ], { stdio: ["pipe", "pipe", "inherit"] });
    const link = new LossyLink(names, relay);
    try {
      await once(relay.stdout!, "data");
      for (const [i, name] of names.entries()) {
        const address = [MASTER_ADDRESS, MINION_ADDRESS][i]!;
        await ip("netns", "add", name);
        await ip("link", "set", name, "netns", name);
        await ip("-n", name, "link", "set", "lo", "up");
        await ip("-n", name, "addr", "add", `${address}/24`, "dev", name);
        await ip("-n", name, "link", "set", name, "up", "txqueuelen", "10000");
        const path = "/proc/sys/net/ipv4/tcp_congestion_control";
        await ip("netns", "exec", name, "sh", "-c", `echo ${tcp} > ${path}`);
      }
      return link;
    } catch (error) {
      await link[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#relay.stdin?.end();
    for (const name of this.#names) await runCommand(["ip", "netns", "del", name]);
  }
}

async function ip(...args: string[]): Promise<void> {
  const { code, stderr } = await runCommand(["ip", ...args]);
  if (code !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr} (this needs root)`);
}
