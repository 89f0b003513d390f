/**
 * Names, addresses and routes. (`salt/grains/core.py:hostname, ip_fqdn, ip_interfaces, dns,
 * default_gateway`)
 * @module
 */
import { lookup, reverse } from "node:dns/promises";
import { isIPv4, isIPv6 } from "node:net";
import { hostname } from "node:os";
import { addressesByInterface, addressesOf, readInterfaces } from "../../host/mod.ts";
import type { DataMap } from "../../types/mod.ts";
import { output, readText } from "./host_files.ts";

/** ms that all name look-ups together may take. */
const LOOKUP_TIMEOUT = 1000;

/** What names this host has. */
export async function nameGrains(): Promise<DataMap> {
  const localhost = hostname();
  const fqdn = await fullName(localhost);
  const [host = "", ...domain] = fqdn.split(".");
  const [ip4, ip6] = await Promise.all([lookupAll(fqdn, 4), lookupAll(fqdn, 6)]);
  return { localhost, fqdn, host, domain: domain.join("."), fqdn_ip4: ip4, fqdn_ip6: ip6 };
}

/**
 * The name that the resolver takes for the whole one: what `hostname -f` asks, since no runtime does.
 * Without an answer, the first name of this host in /etc/hosts.
 */
async function fullName(name: string): Promise<string> {
  const canonical = await output("hostname", "-f");
  if (canonical) return canonical;
  for (const line of (readText("/etc/hosts") ?? "").split("\n")) {
    const [address, ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (address && names.includes(name)) return names[0]!;
  }
  return name;
}

async function lookupAll(name: string, family: 4 | 6): Promise<string[]> {
  try {
    const found = await inTime(lookup(name, { family, all: true }));
    return [...new Set(found.map((one) => one.address))];
  } catch {
    return [];
  }
}

/** Names that the host's own addresses resolve to. */
export async function fqdnsGrain(addresses: string[]): Promise<DataMap> {
  const names = await Promise.all(
    addresses.map((address) => inTime(reverse(address)).catch(() => [] as string[])),
  );
  return { fqdns: [...new Set(names.flat())].sort() };
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("too late")), LOOKUP_TIMEOUT);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Interfaces, those that are down too, in the kernel's order. */
export async function interfaceGrains(): Promise<DataMap> {
  const interfaces = await readInterfaces();
  const hardware = Object.entries(interfaces)
    .filter(([, data]) => data.hwaddr !== undefined)
    .map(([name, data]) => [name, data.hwaddr!]);
  return {
    ip4_interfaces: addressesByInterface(interfaces, ["inet"]),
    ip6_interfaces: addressesByInterface(interfaces, ["inet6"]),
    ip_interfaces: addressesByInterface(interfaces, ["inet", "inet6"]),
    hwaddr_interfaces: Object.fromEntries(hardware),
    ipv4: addressesOf(interfaces, "inet", true),
    ipv6: addressesOf(interfaces, "inet6", true),
  };
}

/** resolv.conf(5), as `salt.utils.dns.parse_resolv` gives it. */
export function parseResolvConf(text: string): DataMap {
  const nameservers: string[] = [];
  let [search, options, sortlist]: string[][] = [[], [], []];
  let domain = "";
  for (const line of text.split("\n")) {
    const [word, ...rest] = line.replace(/[#;].*/, "").trim().split(/\s+/);
    if (word === "nameserver" && rest[0]) nameservers.push(rest[0]);
    else if (word === "domain") domain = rest[0] ?? "";
    else if (word === "search") search = rest;
    else if (word === "options") options = rest;
    else if (word === "sortlist") sortlist = rest;
  }
  return {
    nameservers,
    ip4_nameservers: nameservers.filter((one) => isIPv4(one)),
    ip6_nameservers: nameservers.filter((one) => isIPv6(one.replace(/%.*/, ""))),
    sortlist: sortlist!,
    domain,
    search: search!,
    options: options!,
  };
}

export function dnsGrain(): DataMap {
  const text = readText("/run/systemd/resolve/resolv.conf") ?? readText("/etc/resolv.conf");
  return text === null ? {} : { dns: parseResolvConf(text) };
}

/** The default route in the output of `ip route show`: its gateway, true without one, or false. */
export function parseDefaultRoute(routes: string): string | boolean {
  const line = routes.split("\n").find((one) => one.startsWith("default"));
  if (line === undefined) return false;
  const [, via, gateway] = line.split(/\s+/);
  return via === "via" && gateway ? gateway : true;
}

export async function gatewayGrains(): Promise<DataMap> {
  const [four, six] = await Promise.all(
    ["-4", "-6"].map((family) => output("ip", family, "route", "show")),
  );
  if (four === null && six === null) return {};
  const ip4_gw = parseDefaultRoute(four ?? "");
  const ip6_gw = parseDefaultRoute(six ?? "");
  return { ip_gw: ip4_gw !== false || ip6_gw !== false, ip4_gw, ip6_gw };
}
