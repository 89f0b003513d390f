/**
 * Network namespaces of a test: each joined to the host by a cable that can be pulled.
 * @module
 */
import { randomInt } from "node:crypto";
import { runCommand } from "../commands.ts";

/** A namespace with an address of its own. */
export interface Island {
  name: string;
  /** Its address, and the host's at the other end of the cable. */
  address: string;
  host: string;
  /** argv in front of a program that is to run in it. */
  inside: readonly string[];
  /** Pulls the cable, and puts it back. */
  cut(): Promise<void>;
  join(): Promise<void>;
}

/** The islands of one test. `await using` removes them. */
export class Archipelago implements AsyncDisposable {
  readonly islands: readonly Island[];

  private constructor(islands: readonly Island[]) {
    this.islands = islands;
  }

  /** Null where namespaces cannot be made: it takes root, and iproute2. */
  static async open(count: number): Promise<Archipelago | null> {
    // 198.18.0.0/15 is set aside for such tests. (RFC 2544)
    const [net, mark] = [randomInt(0, 256), randomInt(16 ** 4).toString(16)];
    const islands: Island[] = [];
    for (let i = 0; i < count; i++) {
      const island = islandOf(`sx${mark}${i}`, net, i * 4);
      if (!await make(island)) {
        await new Archipelago([...islands, island])[Symbol.asyncDispose]();
        return null;
      }
      islands.push(island);
    }
    return new Archipelago(islands);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { name } of this.islands) {
      await ip("link", "del", `${name}h`);
      await ip("netns", "del", name);
    }
  }
}

function islandOf(name: string, net: number, first: number): Island {
  return {
    name,
    host: `198.18.${net}.${first + 1}`,
    address: `198.18.${net}.${first + 2}`,
    inside: ["ip", "netns", "exec", name],
    cut: async () => void await ip("link", "set", `${name}h`, "down"),
    join: async () => void await ip("link", "set", `${name}h`, "up"),
  };
}

async function make({ name, host, address, inside }: Island): Promise<boolean> {
  const steps = [
    ["netns", "add", name],
    ["link", "add", `${name}h`, "type", "veth", "peer", "name", "cable", "netns", name],
    ["addr", "add", `${host}/30`, "dev", `${name}h`],
    ["link", "set", `${name}h`, "up"],
    [...inside.slice(1), "ip", "addr", "add", `${address}/30`, "dev", "cable"],
    [...inside.slice(1), "ip", "link", "set", "cable", "up"],
    [...inside.slice(1), "ip", "link", "set", "lo", "up"],
  ];
  for (const step of steps) if (!await ip(...step)) return false;
  return true;
}

async function ip(...args: string[]): Promise<boolean> {
  try {
    return (await runCommand(["ip", ...args])).code === 0;
  } catch {
    return false;
  }
}
