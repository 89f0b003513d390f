/**
 * IP addresses and networks, as strict as Python's `ipaddress`.
 * @module
 */

/** An address or a network. */
export interface IpNetwork {
  version: 4 | 6;
  /** The address; of a network, its first. */
  value: bigint;
  /** Bits of the network part; 32 or 128 for an address. */
  prefix: number;
}

const widths = { 4: 32, 6: 128 } as const;

function parseV4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(part);
  }
  return value;
}

function parseV6(text: string): bigint | undefined {
  const [address, zone, ...rest] = text.split("%");
  if (rest.length > 0 || zone === "" || address === undefined) return undefined;
  let words = address.split(":");
  const last = words.at(-1)!;
  if (last.includes(".")) {
    const v4 = parseV4(last);
    if (v4 === undefined) return undefined;
    words = [...words.slice(0, -1), (v4 >> 16n).toString(16), (v4 & 0xffffn).toString(16)];
  }
  const halves = words.join(":").split("::");
  if (halves.length > 2) return undefined;
  const split = (half: string) => half === "" ? [] : half.split(":");
  const front = split(halves[0]!);
  const back = halves.length === 2 ? split(halves[1]!) : [];
  const gap = 8 - front.length - back.length;
  if (halves.length === 2 ? gap < 1 : gap !== 0) return undefined;
  let value = 0n;
  for (const word of [...front, ...new Array<string>(gap).fill("0"), ...back]) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(word)) return undefined;
    value = (value << 16n) | BigInt(`0x${word}`);
  }
  return value;
}

/** An address, or undefined when the text is none. (Python `ipaddress.ip_address`) */
export function parseAddress(text: string): IpNetwork | undefined {
  const v4 = parseV4(text);
  if (v4 !== undefined) return { version: 4, value: v4, prefix: 32 };
  const v6 = text.includes(":") ? parseV6(text) : undefined;
  return v6 === undefined ? undefined : { version: 6, value: v6, prefix: 128 };
}

/** The bits of a mask such as `255.255.0.0` (or its inverse, `0.0.255.255`). */
function maskBits(text: string): number | undefined {
  const mask = parseV4(text);
  if (mask === undefined) return undefined;
  const bits = mask.toString(2).padStart(32, "0");
  if (/^1*0*$/.test(bits)) return bits.indexOf("0") < 0 ? 32 : bits.indexOf("0");
  return /^0+1+$/.test(bits) ? bits.indexOf("1") : undefined;
}

/**
 * A network such as `10.0.0.0/8` or `fe80::/10`; bits behind the prefix must be zero unless `strict`
 * is false. (Python `ipaddress.ip_network`)
 */
export function parseNetwork(text: string, strict = true): IpNetwork | undefined {
  const [base, length, ...rest] = text.split("/");
  const address = parseAddress(base ?? "");
  if (!address || rest.length > 0) return undefined;
  const width = widths[address.version];
  let prefix: number | undefined = width;
  if (length !== undefined) {
    prefix = /^\d+$/.test(length)
      ? Number(length)
      : address.version === 4
      ? maskBits(length)
      : undefined;
  }
  if (prefix === undefined || prefix > width) return undefined;
  const host = (1n << BigInt(width - prefix)) - 1n;
  if (strict && (address.value & host) !== 0n) return undefined;
  return { version: address.version, value: address.value & ~host, prefix };
}

/** Whether an address lies in a network. */
export function inNetwork(address: IpNetwork, network: IpNetwork): boolean {
  if (address.version !== network.version) return false;
  const shift = BigInt(widths[network.version] - network.prefix);
  return address.value >> shift === network.value >> shift;
}

function formatV6(value: bigint): string {
  const words = Array.from(
    { length: 8 },
    (_, index) => (value >> BigInt(112 - index * 16)) & 0xffffn,
  );
  let start = -1;
  let best = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && words[end] === 0n) end++;
    if (end - i > best) [start, best] = [i, end - i];
    if (end > i) i = end;
  }
  const text = (list: bigint[]) => list.map((word) => word.toString(16)).join(":");
  return start < 0
    ? text(words)
    : `${text(words.slice(0, start))}::${text(words.slice(start + best))}`;
}

/** An address in its canonical spelling. */
export function formatAddress(version: 4 | 6, value: bigint): string {
  if (version === 6) return formatV6(value);
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join(".");
}

/** A network as `address/prefix`. */
export function formatNetwork({ version, value, prefix }: IpNetwork): string {
  return `${formatAddress(version, value)}/${prefix}`;
}

/** The network that an address lies in, whatever its host bits. */
export function networkOf(address: string, prefix: number | string): IpNetwork | undefined {
  return parseNetwork(`${address}/${prefix}`, false);
}

/** Networks in the order of their addresses, then of their size. */
export function compareNetworks(a: IpNetwork, b: IpNetwork): number {
  if (a.value !== b.value) return a.value < b.value ? -1 : 1;
  return a.prefix - b.prefix;
}

/** The mask of a prefix, as an address. */
export function maskOf(version: 4 | 6, prefix: number): string {
  const width = widths[version];
  return formatAddress(version, ((1n << BigInt(prefix)) - 1n) << BigInt(width - prefix));
}

/** The last address of a network. */
export function lastAddress({ version, value, prefix }: IpNetwork): string {
  return formatAddress(version, value | ((1n << BigInt(widths[version] - prefix)) - 1n));
}

/** Networks that are not for the whole internet. (IANA's special-purpose registries, as in Python) */
const privateNetworks = [
  "0.0.0.0/8 10.0.0.0/8 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/29 192.0.0.170/31",
  "192.0.2.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4",
  "::/127 ::ffff:0:0/96 100::/64 2001::/23 2001:db8::/32 fc00::/7 fe80::/10",
].join(" ").split(" ").map((text) => parseNetwork(text)!);

/** Whether an address is for private use. (Python `is_private`) */
export function isPrivate(address: IpNetwork): boolean {
  return privateNetworks.some((network) => inNetwork(address, network));
}

/** Whether an address is this machine's own loopback. */
export function isLoopback({ version, value }: IpNetwork): boolean {
  return version === 4 ? value >> 24n === 127n : value === 1n;
}

/** The name under which DNS keeps an address's name. */
export function reversePointer({ version, value }: IpNetwork): string {
  if (version === 4) {
    return `${formatAddress(4, value).split(".").reverse().join(".")}.in-addr.arpa`;
  }
  return `${[...value.toString(16).padStart(32, "0")].reverse().join(".")}.ip6.arpa`;
}
