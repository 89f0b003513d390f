/**
 * Whom a local TCP port is connected to, from the kernel's table. (proc_net_tcp)
 * @module
 */
import { readFileSync } from "node:fs";

const ESTABLISHED = "01";

/** Addresses of the peers of a port; empty where the system has no such table. */
export function connectedPeers(port: number): Set<string> {
  const peers = new Set<string>();
  for (const file of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    let table: string;
    try {
      table = readFileSync(file, "utf8");
    } catch {
      continue;
    }
    for (const address of peersIn(table, port)) peers.add(address);
  }
  return peers;
}

/** The same from the table's text: `sl local rem st …`, addresses in hex, each 32-bit word little-endian. */
export function peersIn(table: string, port: number): string[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const found: string[] = [];
  for (const line of table.split("\n").slice(1)) {
    const [, local, remote, state] = line.trim().split(/\s+/);
    if (state !== ESTABLISHED || !local?.endsWith(wanted) || !remote) continue;
    found.push(addressOf(remote.slice(0, remote.indexOf(":"))));
  }
  return found;
}

function addressOf(hex: string): string {
  const bytes = hex.match(/.{8}/g)!.flatMap((word) => word.match(/../g)!.reverse());
  const numbers = bytes.map((byte) => parseInt(byte, 16));
  if (numbers.length === 4) return numbers.join(".");
  if (/^0{20}FFFF/i.test(bytes.join(""))) return numbers.slice(12).join(".");
  return shortIpv6(bytes.join("").match(/.{4}/g)!.map((group) => parseInt(group, 16)));
}

/** RFC 5952: the longest run of zero groups, of two at least, becomes `::`. */
function shortIpv6(groups: number[]): string {
  let [best, length] = [-1, 1];
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && groups[end] === 0) end++;
    if (end - start > length) [best, length] = [start, end - start];
  }
  const hex = groups.map((group) => group.toString(16));
  if (best < 0) return hex.join(":");
  return `${hex.slice(0, best).join(":")}::${hex.slice(best + length).join(":")}`;
}
