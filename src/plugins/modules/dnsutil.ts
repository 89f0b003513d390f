/** Names in DNS, hosts files and zones. (`salt/modules/dnsutil.py`) @module */
import { lookup, Resolver } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { SaltInvocationError } from "../../errors.ts";
import { atomicWriteSync } from "../../fs/mod.ts";
import { executionModule, fn } from "../../loader/types.ts";
import { strftime } from "../../logging/strftime.ts";
import { parseAddress } from "../../text/ip.ts";
import { pyStr } from "../../text/py_repr.ts";
import { setKey } from "../../text/set_key.ts";
import type { Data, DataMap } from "../../types/mod.ts";

const host = { type: "string", required: true, doc: "The name." } as const;
const domain = { type: "string", required: true, doc: "The domain." } as const;
const nameserver = {
  type: "string",
  doc: "Address of the server to ask; the system's when left out.",
} as const;
const hostsfile = { type: "string", default: "/etc/hosts", doc: "The file." } as const;

/** Longest wait for a server, in ms, and how often it is asked. */
const patience = { timeout: 5000, tries: 2 };

function resolver(server: string | null): Resolver {
  const made = new Resolver(patience);
  if (server === null) return made;
  if (!parseAddress(server)) throw new SaltInvocationError(`"${server}" is not an IP address`);
  made.setServers([server]);
  return made;
}

async function addresses(name: string, family: 4 | 6, server: string | null): Promise<Data> {
  try {
    if (server === null) {
      return (await lookup(name, { family, all: true })).map((entry) => entry.address);
    }
    const asked = resolver(server);
    return await (family === 4 ? asked.resolve4(name) : asked.resolve6(name));
  } catch (error) {
    if (error instanceof SaltInvocationError) throw error;
    return server === null ? `Unable to resolve ${name}` : [];
  }
}

/** An answer, or none when the server has none. */
async function orNothing<T>(answer: Promise<T[]>): Promise<T[]> {
  try {
    return await answer;
  } catch {
    return [];
  }
}

async function nameServers(name: string, resolve: boolean, server: string | null) {
  const names = await orNothing(resolver(server).resolveNs(name));
  if (!resolve) return names.map((item) => `${item}.`);
  const found = await Promise.all(names.map((item) => orNothing(resolver(server).resolve4(item))));
  return found.flat();
}

async function mailServers(name: string, resolve: boolean, server: string | null) {
  const records = await orNothing(resolver(server).resolveMx(name));
  return await Promise.all(
    records.map(async ({ priority, exchange }) => {
      if (!resolve) return [String(priority), `${exchange}.`];
      const [first] = await orNothing(resolver(server).resolve4(exchange));
      return [String(priority), first ?? ""];
    }),
  );
}

/** Says whether a text is an address, or a network of a sensible size. */
function isAddress(text: string): boolean {
  const [address = "", prefix, ...rest] = text.split("/");
  const parsed = parseAddress(address);
  if (!parsed || rest.length > 0) return false;
  if (prefix === undefined) return true;
  const bits = /^\d+$/.test(prefix) ? Number(prefix) : NaN;
  return parsed.version === 4 ? bits >= 1 && bits <= 32 : bits >= 8 && bits <= 128;
}

/** Networks that may send a domain's mail. Includes may form a ring, so their number is bounded. */
async function senders(name: string, server: string | null, seen: Set<string>): Promise<string[]> {
  if (seen.has(name) || seen.size >= 20) return [];
  seen.add(name);
  const records = await orNothing(resolver(server).resolveTxt(name));
  const record = records.map((parts) => parts.join("")).find((text) => text.startsWith("v=spf1"));
  const sections = record?.split(/\s+/).slice(1) ?? [];
  if (sections[0]?.startsWith("redirect=")) {
    return await senders(sections[0].slice(9), server, seen);
  }
  const found: string[] = [];
  for (const section of sections) {
    const [, kind, value] = /^(?:\+|~)?(ip[46]|include):(.+)$/.exec(section) ?? [];
    if (kind === "include") found.push(...await senders(value!, server, seen));
    else if (kind !== undefined && isAddress(value!)) found.push(value!);
  }
  return found;
}

/** Names by address. */
export function parseHosts(text: string): Map<string, string[]> {
  const hosts = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [ip, ...names] = line.trim().split(/\s+/);
    if (ip) hosts.set(ip, [...hosts.get(ip) ?? [], ...names]);
  }
  return hosts;
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

function appendHosts(path: string, ip: string, entries: string): string {
  const text = read(path) ?? "";
  const known = parseHosts(text).get(ip) ?? [];
  const names = entries.split(",").map((name) => name.trim()).filter((name) =>
    !known.includes(name)
  );
  if (names.length === 0) return `No additional hosts were added to ${path}`;
  if (!parseAddress(ip) || names.some((name) => !/^[\w.-]+$/.test(name))) {
    throw new SaltInvocationError("An address and names without blanks are needed");
  }
  const line = `\n${ip} ${names.join(" ")}`;
  atomicWriteSync(path, text + line);
  return `The following line was added to ${path}:${line}`;
}

function removeHosts(path: string, entries: string): void {
  const gone = new Set(entries.split(",").map((name) => name.trim()));
  const kept = (read(path) ?? "").split("\n").flatMap((line) => {
    if (line === "" || line.trim().startsWith("#")) return [line];
    const words = line.trim().split(/\s+/);
    if (!words.slice(1).some((word) => gone.has(word))) return [line];
    const left = [words[0]!, ...words.slice(1).filter((word) => !gone.has(word))];
    return left.length > 1 ? [left.join(" ")] : [];
  });
  atomicWriteSync(path, kept.join("\n"));
}

/** Seconds of a zone file's times, a week at most. */
function zoneSeconds(text: string): number {
  const upper = text.toUpperCase();
  const number = Number(upper.replace(/[HD]/, ""));
  const seconds = upper.includes("H")
    ? number * 3600
    : upper.includes("D")
    ? number * 86_400
    : number;
  return upper.includes("W") || !Number.isInteger(seconds) ? 604_800 : Math.min(seconds, 604_800);
}

/** A zone file's lines, without comments; what stands in brackets is one line. */
function zoneLines(text: string): string[] {
  const lines: string[] = [];
  let open: string | null = null;
  for (const raw of text.split("\n")) {
    const line = raw.split(";")[0]!.trim();
    if (line === "") continue;
    if (open === null && !(line.includes("(") && !line.includes(")"))) {
      lines.push(line.replace(/[()]/g, ""));
    } else {
      open = `${open ?? ""} ${line}`;
      if (!line.includes(")")) continue;
      lines.push(open.replace(/[()]/g, "").trim());
      open = null;
    }
  }
  return lines;
}

/** Reads a zone file into a map. (`dnsutil.py:parse_zone`) */
export function parseZone(text: string): DataMap {
  const zone: DataMap = {};
  const group = (name: string) => (zone[name] ??= {}) as DataMap;
  const list = (name: string) => (zone[name] ??= []) as Data[];
  for (const line of zoneLines(text)) {
    if (line.startsWith("$")) {
      const [name = "", value = ""] = line.split(/\s+/);
      zone[name.slice(1)] = value;
      continue;
    }
    const origin = pyStr(zone["ORIGIN"] ?? "");
    const words = (origin ? line.replaceAll("@", origin) : line).trim().split(/\s+/);
    if (line.includes("SOA")) {
      if (words[1] !== "IN") words.splice(1, 1);
      const [name = "", network = "", , source = "", contact = "", serial = "", ...times] = words;
      const [refresh, retry, expire, minimum] = times.map(zoneSeconds);
      Object.assign(zone, {
        ORIGIN: name,
        NETWORK: network,
        SOURCE: source,
        CONTACT: contact.replace(".", "@"),
        SERIAL: serial,
        REFRESH: refresh ?? 604_800,
        RETRY: retry ?? 604_800,
        EXPIRE: expire ?? 604_800,
        MINTTL: minimum ?? 604_800,
      });
      continue;
    }
    if (words[0] === "IN") words.unshift(origin);
    if (!words[0]!.endsWith(".") && !line.includes("NS")) words[0] = `${words[0]}.${origin}`;
    const [name = "", ttl = "", kind = "", value = "", target = ""] = words;
    if (kind === "NS") list("NS").push(value);
    else if (kind === "MX") {
      if (!("MX" in zone)) list("MX").push({ priority: value, host: target });
    } else if (value === "A" || value === "AAAA") {
      setKey(group(value), name, { TARGET: target, TTL: ttl });
    } else setKey(group(kind), name, value);
  }
  return zone;
}

/** The module `dnsutil`. */
export const dnsutil = executionModule({
  name: "dnsutil",
  doc: "Names in DNS, hosts files and zones.",
  functions: {
    A: fn({
      doc: "Lists the IPv4 addresses of a name.",
      args: { host, nameserver },
      example: "salt ns1 dnsutil.A www.example.com",
      run: (_ctx, args) => addresses(args.host, 4, args.nameserver),
    }),
    AAAA: fn({
      doc: "Lists the IPv6 addresses of a name.",
      args: { host, nameserver },
      example: "salt ns1 dnsutil.AAAA www.example.com",
      run: (_ctx, args) => addresses(args.host, 6, args.nameserver),
    }),
    NS: fn({
      doc: "Lists the name servers of a domain.",
      args: {
        domain,
        resolve: { type: "bool", default: true, doc: "Their addresses instead of their names." },
        nameserver,
      },
      example: "salt ns1 dnsutil.NS google.com",
      run: (_ctx, args) => nameServers(args.domain, args.resolve, args.nameserver),
    }),
    MX: fn({
      doc: "Lists the mail servers of a domain, each with its priority.",
      args: {
        domain,
        resolve: { type: "bool", default: false, doc: "Their addresses instead of their names." },
        nameserver,
      },
      example: "salt ns1 dnsutil.MX google.com",
      run: (_ctx, args) => mailServers(args.domain, args.resolve, args.nameserver),
    }),
    SPF: fn({
      doc: "Lists the networks that may send a domain's mail.",
      args: {
        domain,
        record: {
          type: "string",
          default: "SPF",
          doc: "Has no effect: the TXT record is asked for.",
        },
        nameserver,
      },
      example: "salt ns1 dnsutil.SPF google.com",
      run: (_ctx, args) => senders(args.domain, args.nameserver, new Set()),
    }),
    check_ip: fn({
      doc: "Says whether a text is an IP address, or a network.",
      args: { ip_addr: { type: "any", required: true, doc: "The text." } },
      example: "salt ns1 dnsutil.check_ip 127.0.0.1",
      run: (_ctx, { ip_addr }) => typeof ip_addr === "string" && isAddress(ip_addr),
    }),
    parse_hosts: fn({
      doc: "Returns the names of a hosts file, by address.",
      args: { hostsfile, hosts: { type: "string", doc: "The text itself, in place of a file." } },
      example: "salt '*' dnsutil.parse_hosts",
      run(_ctx, args) {
        const text = args.hosts || read(args.hostsfile);
        if (text === null) return "Error: hosts data was not found";
        return Object.fromEntries(parseHosts(text));
      },
    }),
    hosts_append: fn({
      doc: "Adds names for an address to a hosts file.",
      args: {
        hostsfile,
        ip_addr: { type: "string", doc: "The address." },
        entries: { type: "string", doc: "The names, with commas between them." },
      },
      example: "salt '*' dnsutil.hosts_append /etc/hosts 127.0.0.1 ad1.yuk.co,ad2.yuk.co",
      run: (_ctx, args) => appendHosts(args.hostsfile, args.ip_addr ?? "", args.entries ?? ""),
    }),
    hosts_remove: fn({
      doc: "Removes names from a hosts file.",
      args: { hostsfile, entries: { type: "string", doc: "The names, with commas between them." } },
      example: "salt '*' dnsutil.hosts_remove /etc/hosts ad1.yuk.co,ad2.yuk.co",
      run(_ctx, args) {
        removeHosts(args.hostsfile, args.entries ?? "");
        return null;
      },
    }),
    parse_zone: fn({
      doc: "Returns what is in a zone file.",
      args: {
        zonefile: { type: "string", doc: "The file." },
        zone: { type: "string", doc: "The text itself, in place of a file." },
      },
      example: "salt ns1 dnsutil.parse_zone /var/lib/named/example.com.zone",
      run(_ctx, args) {
        const text = args.zonefile ? read(args.zonefile) ?? args.zone : args.zone;
        return text ? parseZone(text) : "Error: Zone data was not found";
      },
    }),
    serial: fn({
      doc: "Returns the serial number of a zone, kept in a grain.",
      args: {
        zone: { type: "string", default: "", doc: "The zone." },
        update: { type: "bool", default: false, doc: "Counts it up first." },
      },
      example: "salt ns1 dnsutil.serial example.com",
      async run(ctx, args) {
        const key = args.zone ? `dnsserial_${args.zone}` : "dnsserial";
        const stored = pyStr(await ctx.salt("grains.get", [key]));
        const present = strftime("%Y%m%d01", new Date());
        if (!args.update) return stored || present;
        const current = stored && stored >= present ? String(BigInt(stored) + 1n) : present;
        await ctx.salt("grains.setval", [key, current]);
        return current;
      },
    }),
  },
});
