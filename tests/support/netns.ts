/**
 * Hosts with networks of their own: network namespaces of Linux, joined by veth pairs. Needs root and
 * iproute2, which is told where they are missing: a test that cannot run has failed.
 * @module
 */
import { runCommand } from "./commands.ts";

/** A host that programs can be started on. */
export interface Host {
  /** argv in front of a program's own. */
  command: readonly string[];
  /** Whether its ports can be reached from here. */
  near?: boolean;
}

let count = 0;

/** Some hosts, each with a link to the first. `await using` takes them away. */
export class Hosts implements AsyncDisposable {
  readonly #prefix = `sx${process.pid.toString(36)}${(count++).toString(36)}`;
  readonly #names: string[] = [];

  /** Makes hosts by the names given; the first one is what the others are linked to. */
  static async open(...names: string[]): Promise<Hosts> {
    const hosts = new Hosts();
    try {
      for (const [i, name] of names.entries()) await hosts.#add(name, i);
      return hosts;
    } catch (error) {
      await hosts[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #add(name: string, index: number): Promise<void> {
    await this.#ip("netns", "add", this.#ns(name));
    this.#names.push(name);
    await this.run(name, "ip", "link", "set", "lo", "up");
    const first = this.#names[0]!;
    if (index === 0) return;
    const [there, here] = [`${this.#prefix}v${index}`, "eth0"];
    const peer = ["peer", "name", here, "netns", this.#ns(name)];
    await this.#ip("link", "add", there, "netns", this.#ns(first), "type", "veth", ...peer);
    for (const [at, device, end] of [[first, there, 1], [name, here, 2]] as const) {
      await this.run(at, "ip", "addr", "add", `10.91.${index}.${end}/24`, "dev", device);
      await this.run(at, "ip", "addr", "add", `fd91:${index}::${end}/64`, "dev", device, "nodad");
      await this.run(at, "ip", "link", "set", device, "up");
    }
  }

  #ns(name: string): string {
    return `${this.#prefix}${name}`;
  }

  /** For {@linkcode Lab}: starts programs on that host. */
  host(name: string): Host {
    return { command: ["ip", "netns", "exec", this.#ns(name)] };
  }

  /** Runs a program on a host. @throws Error when it fails. */
  async run(name: string, ...argv: string[]): Promise<string> {
    const { code, stdout, stderr } = await runCommand([...this.host(name).command, ...argv]);
    if (code !== 0) throw new Error(`"${argv.join(" ")}" on ${name} failed: ${stderr}`);
    return stdout;
  }

  /** Processes on a host. */
  async pids(name: string): Promise<number[]> {
    const { stdout } = await runCommand(["ip", "netns", "pids", this.#ns(name)]);
    return stdout.split("\n").filter((line) => line !== "").map(Number);
  }

  async #ip(...args: string[]): Promise<void> {
    const { code, stderr } = await runCommand(["ip", ...args]).catch((error) => {
      throw new Error(`Hosts need the program "ip" (Debian: iproute2): ${error.message}`);
    });
    if (code === 0) return;
    throw new Error(`Hosts need root and network namespaces; "ip ${args.join(" ")}": ${stderr}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Their devices end with them.
    for (const name of this.#names) await runCommand(["ip", "netns", "del", this.#ns(name)]);
  }
}
