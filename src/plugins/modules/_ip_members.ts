/** Members of sets of addresses, and what lies in them. (`salt/modules/ipset.py:_parse_member`) @module */
import { SaltInvocationError } from "../../errors.ts";
import { inNetwork, type IpNetwork, parseAddress, parseNetwork } from "../../text/ip.ts";

type Part =
  | { kind: "address" | "network"; at: IpNetwork }
  | { kind: "range"; parts: Part[] }
  | { kind: "text"; text: string };

/** A member in its parts. */
export type Member = readonly Part[];

const widths = { 4: 32, 6: 128 } as const;

/** The networks that make up a range of addresses. (Python `ipaddress.summarize_address_range`) */
function networksOf(first: IpNetwork, last: IpNetwork): IpNetwork[] {
  const width = widths[first.version];
  const found: IpNetwork[] = [];
  for (let start = first.value; start <= last.value;) {
    let bits = 0;
    const fits = (more: number) =>
      more <= width && start % (1n << BigInt(more)) === 0n &&
      start + (1n << BigInt(more)) - 1n <= last.value;
    while (fits(bits + 1)) bits++;
    found.push({ version: first.version, value: start, prefix: width - bits });
    start += 1n << BigInt(bits);
  }
  return found;
}

function addressPart(text: string): Part {
  if (text.includes("/")) {
    const network = parseNetwork(text, false);
    return network ? { kind: "network", at: network } : { kind: "text", text };
  }
  const [first, last] = text.split("-").map(parseAddress);
  if (text.includes("-") && first && last && first.version === last.version) {
    const parts = networksOf(first, last).map((at): Part => ({ kind: "network", at }));
    return { kind: "range", parts };
  }
  const address = parseAddress(text);
  return address ? { kind: "address", at: address } : { kind: "text", text };
}

/**
 * A member or an entry of a set: `10.0.0.1,tcp:80 comment "x"`.
 * @param type Of the set: `hash:ip,port`.
 * @throws SaltInvocationError when it has fewer parts than the type.
 */
export function parseMember(type: string, text: string): Member {
  const space = text.indexOf(" ");
  const [head, rest] = space < 0 ? [text] : [text.slice(0, space), text.slice(space + 1)];
  const given = head.split(",");
  const kinds = (type.split(":")[1] ?? "").split(",");
  if (given.length < kinds.length) {
    throw new SaltInvocationError(`"${text}" is no entry of a set of type ${type}`);
  }
  const parts = kinds.map((kind, at): Part =>
    kind === "ip" || kind === "net" ? addressPart(given[at]!) : { kind: "text", text: given[at]! }
  );
  return rest === undefined ? parts : [...parts, { kind: "text", text: rest }];
}

const sameAt = (a: IpNetwork, b: IpNetwork) =>
  a.version === b.version && a.value === b.value && a.prefix === b.prefix;

function contains(member: Part, entry: Part): boolean {
  if (entry.kind === "range") return entry.parts.every((part) => contains(member, part));
  if (member.kind === "text" || entry.kind === "text") {
    return member.kind === "text" && entry.kind === "text" && member.text === entry.text;
  }
  if (member.kind === "range") return false;
  if (member.kind === entry.kind) return sameAt(member.at, entry.at);
  return member.kind === "address"
    ? inNetwork(member.at, entry.at)
    : inNetwork(entry.at, member.at);
}

/** Whether an entry is a member, or lies in one. */
export function memberContains(member: Member, entry: Member): boolean {
  return member.length >= entry.length && entry.every((part, at) => contains(member[at]!, part));
}
