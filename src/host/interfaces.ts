/**
 * Network interfaces and their addresses, in the shape of Salt's `network.interfaces`.
 * (`salt/utils/network.py`: `linux_interfaces`, `_interfaces_ip`)
 * @module
 */
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { runProcess, which } from "../process/mod.ts";
import { formatAddress, parseAddress } from "../text/ip.ts";
import type { DataMap } from "../types/mod.ts";
import { listFolder } from "../fs/mod.ts";

/** An IPv4 address of an interface. */
export interface Inet {
  address: string;
  netmask: string;
  broadcast: string | null;
  label: string;
}

/** An IPv6 address of an interface. */
export interface Inet6 {
  address: string;
  prefixlen: string;
  scope: string | null;
}

/** What is known of one interface. */
export interface Interface {
  up?: boolean;
  parent?: string;
  hwaddr?: string;
  inet?: Inet[];
  inet6?: Inet6[];
  /** Addresses that give way when a primary one of the same network goes. */
  secondary?: ((Inet | Inet6) & { type: "inet" | "inet6" })[];
}

/** Interfaces by name, in the kernel's order. */
export type Interfaces = Record<string, Interface>;

const deviceLine = /^\d*:\s+([\w.-]+)@?([\w.-]+)?:\s+<(.+)>/;

/** `255.255.0.0` for 16. */
export function netmaskOf(prefix: number): string {
  const mask = ((1n << BigInt(prefix)) - 1n) << BigInt(32 - prefix);
  return formatAddress(4, mask);
}

function after(columns: string[], word: string): string | null {
  const at = columns.indexOf(word);
  return at < 0 ? null : columns[at + 1] ?? null;
}

function addAddress(data: Interface, columns: string[]): void {
  const [type, value] = columns as ["inet" | "inet6", string];
  const [address, prefix = type === "inet" ? "32" : "128"] = value.split("/") as [string, string?];
  const entry = type === "inet"
    ? {
      address,
      netmask: netmaskOf(Number(prefix)),
      broadcast: after(columns, "brd"),
      label: columns.at(-1)!,
    }
    : { address, prefixlen: prefix, scope: after(columns, "scope") };
  if (columns.includes("secondary")) (data.secondary ??= []).push({ type, ...entry });
  else if (type === "inet") (data.inet ??= []).push(entry as Inet);
  else (data.inet6 ??= []).push(entry as Inet6);
}

/** Reads what `ip addr show` prints. */
export function parseIpAddr(text: string): Interfaces {
  const interfaces: Interfaces = {};
  let data: Interface | undefined;
  for (const line of text.split(/\r?\n/)) {
    if (/^\d/.test(line)) {
      const match = deviceLine.exec(line);
      data = undefined;
      if (!match) continue;
      data = { up: match[3]!.split(",").includes("UP") };
      if (match[2]) data.parent = match[2];
      interfaces[match[1]!] = data;
      continue;
    }
    const columns = line.trim().split(/\s+/);
    if (!data || columns.length < 2) continue;
    if (columns[0] === "inet" || columns[0] === "inet6") addAddress(data, columns);
    else if (columns[0]!.startsWith("link")) data.hwaddr = columns[1]!;
  }
  return interfaces;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}

/** What the runtime itself tells; it leaves out addresses of interfaces without a carrier. */
function fromRuntime(): Interfaces {
  const interfaces: Interfaces = {};
  for (const name of listFolder("/sys/class/net")) {
    const folder = `/sys/class/net/${name}`;
    const flags = Number(readText(`${folder}/flags`) ?? "0");
    const hwaddr = readText(`${folder}/address`);
    interfaces[name] = { up: (flags & 1) === 1, ...(hwaddr ? { hwaddr } : {}) };
  }
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    const data = interfaces[name] ??= { up: true };
    for (const { address, netmask, cidr, family, scopeid } of addresses ?? []) {
      const prefixlen = cidr?.split("/")[1] ?? "128";
      if (family === "IPv4") {
        (data.inet ??= []).push({ address, netmask, broadcast: null, label: name });
      } else {
        const scope = address === "::1" ? "host" : scopeid ? "link" : "global";
        (data.inet6 ??= []).push({ address, prefixlen, scope });
      }
    }
  }
  return interfaces;
}

/** All interfaces, with their addresses. */
export async function readInterfaces(): Promise<Interfaces> {
  const ip = which("ip");
  if (ip !== null) {
    try {
      const done = await runProcess([ip, "addr", "show"], { timeoutMs: 5000 });
      if (done.code === 0) return parseIpAddr(new TextDecoder().decode(done.stdout));
    } catch {
      // What the runtime knows has to do.
    }
  }
  return fromRuntime();
}

/** All addresses of some interfaces, without doubles, in ascending order. */
export function addressesOf(
  interfaces: Interfaces,
  type: "inet" | "inet6",
  includeLoopback: boolean,
): string[] {
  const version = type === "inet" ? 4 : 6;
  const found = new Set<bigint>();
  for (const data of Object.values(interfaces)) {
    const secondary = (data.secondary ?? []).filter((entry) => entry.type === type);
    for (const { address } of [...data[type] ?? [], ...secondary]) {
      const parsed = parseAddress(address);
      if (!parsed) continue;
      const loopback = version === 4 ? parsed.value >> 24n === 127n : parsed.value === 1n;
      if (includeLoopback || !loopback) found.add(parsed.value);
    }
  }
  return [...found].sort((a, b) => (a < b ? -1 : 1)).map((value) => formatAddress(version, value));
}

/** The addresses of each interface. */
export function addressesByInterface(
  interfaces: Interfaces,
  types: readonly ("inet" | "inet6")[],
): DataMap {
  return Object.fromEntries(
    Object.entries(interfaces).map(([name, data]) => {
      const secondary = (data.secondary ?? []).filter((entry) => types.includes(entry.type));
      const own = types.flatMap((type): { address: string }[] => data[type] ?? []);
      return [name, [...own, ...secondary].map((entry) => entry.address)];
    }),
  );
}
