/**
 * Where the event buses of a minion are: each connection has its own.
 * @module
 */
import type { MinionOpts } from "../config/mod.ts";
import { SaltConfigurationError } from "../errors.ts";
import { type BusAddress, minionIdHash } from "../event/mod.ts";

/** The settings of event buses. */
export type BusSettings = Pick<
  MinionOpts,
  "id" | "ipc_mode" | "tcp_pub_port" | "tcp_pull_port" | "sock_dir" | "hash_type"
>;

/**
 * The buses of connections, by the names of their first masters. The first one has Salt's name and
 * ports; with `ipc_mode: tcp` each further one has ports two higher, or those that the options list.
 * @throws SaltConfigurationError when ports are too few, impossible or overlap.
 */
export function busAddresses(opts: BusSettings, masters: readonly string[]): BusAddress[] {
  if (opts.ipc_mode !== "tcp") {
    return masters.map((master, index) => {
      const name = index === 0 ? opts.id : `${opts.id}_${master}`;
      return { node: "minion", sockDir: opts.sock_dir, idHash: minionIdHash(name, opts.hash_type) };
    });
  }
  const pub = portsOf("tcp_pub_port", opts.tcp_pub_port, masters.length);
  const pull = portsOf("tcp_pull_port", opts.tcp_pull_port, masters.length);
  const users = new Map<number, string>();
  for (const [option, ports] of [["tcp_pub_port", pub], ["tcp_pull_port", pull]] as const) {
    for (const [index, port] of ports.entries()) {
      const user = `${option} of the event bus of master ${masters[index]}`;
      const other = users.get(port);
      if (other !== undefined) {
        throw new SaltConfigurationError(
          `Port ${port} would be used twice: as ${other} and as ${user}. Set "tcp_pub_port" and ` +
            `"tcp_pull_port" so that no ports overlap; each master takes the ports two higher than ` +
            `the one before, unless the options are lists`,
        );
      }
      users.set(port, user);
    }
  }
  return masters.map((_, index) => ({ pubPort: pub[index]!, pullPort: pull[index]! }));
}

function portsOf(option: string, value: number | readonly unknown[], count: number): number[] {
  const ports = typeof value === "number"
    ? Array.from({ length: count }, (_, index) => value + 2 * index)
    : value.slice(0, count).map(Number);
  if (ports.length < count) {
    throw new SaltConfigurationError(
      `Option "${option}" lists ${ports.length} ports for ${count} masters: list one for each`,
    );
  }
  for (const port of ports) {
    if (Number.isInteger(port) && port >= 1 && port <= 65535) continue;
    throw new SaltConfigurationError(
      `Cannot use ${port} as a port for option "${option}": wanted numbers from 1 to 65535`,
    );
  }
  return ports;
}
