/**
 * UDP addresses, as keys of tables and as the 16 bytes that tokens hold.
 * @module
 */
import { isIPv6 } from "node:net";

/** Where a datagram comes from or goes to. `host` is an IP address, IPv4 in its own form. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** An address as the socket gives it; IPv4 that comes over IPv6 gets its own form. */
export function addressOf(host: string, port: number): Address {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host)?.[1];
  return { host: mapped ?? host, port };
}

export function sameAddress(a: Address, b: Address): boolean {
  return a.port === b.port && a.host === b.host;
}

/** For people: `192.0.2.1:4506`, `[2001:db8::1]:4506`. */
export function shownAddress({ host, port }: Address): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The address as 16 bytes, IPv4 mapped into IPv6; zeros for what is none. */
export function ipBytes(host: string): Uint8Array {
  const out = new Uint8Array(16);
  const bare = host.split("%")[0]!;
  if (!isIPv6(bare)) {
    const parts = bare.split(".").map(Number);
    if (parts.length !== 4 || parts.some((part) => !(part >= 0 && part <= 255))) return out;
    out.set([0xff, 0xff], 10);
    out.set(parts, 12);
    return out;
  }
  const [left = "", right] = bare.split("::");
  const head = groups(left);
  const tail = right === undefined ? [] : groups(right);
  head.forEach((group, i) => out.set([group >> 8, group & 255], 2 * i));
  tail.forEach((group, i) => out.set([group >> 8, group & 255], 16 - 2 * (tail.length - i)));
  return out;
}

function groups(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((part) => {
    if (!part.includes(".")) return [parseInt(part, 16)];
    const [a, b, c, d] = part.split(".").map(Number) as [number, number, number, number];
    return [a * 256 + b, c * 256 + d];
  });
}

/** What limits of one source are counted by: an IPv4 address, or the /64 of an IPv6 one. */
export function sourceKey(host: string): string {
  return isIPv6(host) ? ipBytes(host).subarray(0, 8).join(".") : host;
}
