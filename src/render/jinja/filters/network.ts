/** Salt's filters of addresses. (`salt/utils/network.py`) @module */
import {
  formatAddress,
  inNetwork,
  type IpNetwork,
  isLoopback,
  isPrivate,
  parseAddress,
  parseNetwork,
} from "../../../text/ip.ts";
import type { Arguments } from "../arguments.ts";
import { fail } from "../errors.ts";
import { compact } from "../numbers.ts";
import type { Filters } from "../runtime.ts";
import { Generator } from "../iterables.ts";
import { Dict, iterate, listOf, str, Tuple, typeName, type Value } from "../value.ts";
import { filter } from "./text.ts";

interface Address {
  network: IpNetwork;
  shown: string;
}

/** An address, or one with the length of its network. */
function addressOf(text: string): Address | null {
  const [head = "", prefix] = text.split("/");
  const address = parseAddress(head);
  if (!address) return null;
  const shown = formatAddress(address.version, address.value);
  if (prefix === undefined) return { network: address, shown };
  const network = parseNetwork(text, false);
  return network ? { network: address, shown: `${shown}/${network.prefix}` } : null;
}

const inside = (address: IpNetwork, ...networks: string[]) =>
  networks.some((one) => {
    const network = parseNetwork(one);
    return network !== undefined && network.version === address.version &&
      inNetwork(address, network);
  });
const linkLocal = (address: IpNetwork) => inside(address, "169.254.0.0/16", "fe80::/10");
const siteLocal = (address: IpNetwork) => inside(address, "fec0::/10");

const kinds: Readonly<Record<string, (address: IpNetwork) => boolean>> = {
  global: (address) => !isPrivate(address),
  public: (address) => !isPrivate(address),
  private: isPrivate,
  loopback: isLoopback,
  lo: isLoopback,
  multicast: (address) => inside(address, "224.0.0.0/4", "ff00::/8"),
  reserved: (address) =>
    inside(
      address,
      "240.0.0.0/4",
      "::/8",
      "100::/8",
      "200::/7",
      "400::/6",
      "800::/5",
      "1000::/4",
      "4000::/3",
      "6000::/3",
      "8000::/3",
      "a000::/3",
      "c000::/3",
      "e000::/4",
      "f000::/5",
      "f800::/6",
      "fe00::/9",
    ),
  unspecified: (address) => inside(address, "0.0.0.0/32", "::/128"),
  ...Object.fromEntries(
    ["link-local", "linklocal", "ll", "link_local"].map((name) => [name, linkLocal]),
  ),
  ...Object.fromEntries(["site-local", "sl", "site_local"].map((name) => [name, siteLocal])),
};

function checked(value: Value, version: number, options: Value): string | null {
  const found = typeof value === "string" ? addressOf(value) : null;
  if (!found || found.network.version !== version) return null;
  const wanted = options === null ? [] : str(options).split(",").map((one) => one.trim());
  const good = wanted.every((kind) => !Object.hasOwn(kinds, kind) || kinds[kind]!(found.network));
  return good ? found.shown : null;
}

const isList = (value: Value) =>
  Array.isArray(value) || value instanceof Tuple || value instanceof Generator;

function chosen(value: Value, version: number, options: Value): Value[] | string | null {
  if (typeof value === "string") return checked(value, version, options);
  if (!isList(value)) return null;
  return listOf(value).map((one) => checked(one, version, options)).filter((one) => one !== null);
}

function either(value: Value, options: Value): Value[] | string | null {
  const [four, six] = [chosen(value, 4, options), chosen(value, 6, options)];
  if (Array.isArray(four) && Array.isArray(six)) return [...four, ...six];
  return four ?? six;
}

/** Applies `run` to the address or addresses that are good. */
function each(run: (text: string) => Value) {
  return filter(["options", "version"], (value, args) => {
    const version = args.or("version", null);
    const options = args.or("options", null);
    const found = version === null
      ? either(value, options)
      : chosen(value, Number(version), options);
    if (found === null || found.length === 0) return null;
    return typeof found === "string" ? run(found) : found.map((one) => run(String(one)));
  });
}

function networkOf(text: string): IpNetwork {
  return parseNetwork(text, false) ?? fail(`${text} is no network`);
}

const mostHosts = 65536n;

function hosts(text: string): Value {
  const network = networkOf(text);
  const bits = network.version === 4 ? 32 : 128;
  const size = 1n << BigInt(bits - network.prefix);
  if (size > mostHosts) return fail(`${text} has more than ${mostHosts} hosts`);
  const [skipFirst, skipLast] = network.prefix >= bits - 1
    ? [0n, 0n]
    : [1n, network.version === 4 ? 1n : 0n];
  const found: string[] = [];
  for (let at = skipFirst; at < size - skipLast; at++) {
    found.push(formatAddress(network.version, network.value + at));
  }
  return found;
}

function byNetworks(value: Value, args: Arguments): Value {
  const given = args.get("networks");
  if (given === null) return value;
  const networks = listOf(given).map((one) =>
    parseNetwork(str(one)) ?? fail(`${str(one)} is no network`)
  );
  const kept = (addresses: Value) =>
    listOf(addresses).filter((one) => {
      const address = parseAddress(str(one)) ??
        fail(`'${str(one)}' does not appear to be an IPv4 or IPv6 address`);
      return networks.some((net) => net.version === address.version && inNetwork(address, net));
    });
  if (value instanceof Dict) {
    return Dict.of(value.entries().map(([key, item]) => [key, kept(item)]));
  }
  return isList(value) ? kept(value) : fail(`Do not know how to filter a ${typeName(value)}`);
}

function wrapped(value: Value): Value {
  return checked(value, 6, null) === null ? value : `[${str(value)}]`;
}

/** The filters. */
export const networkFilters: Filters = {
  is_ip: filter(
    ["options"],
    (value, args) =>
      [4, 6].some((version) => checked(value, version, args.or("options", null)) !== null),
  ),
  is_ipv4: filter(
    ["options"],
    (value, args) => checked(value, 4, args.or("options", null)) !== null,
  ),
  is_ipv6: filter(
    ["options"],
    (value, args) => checked(value, 6, args.or("options", null)) !== null,
  ),
  ipv4: filter(["options"], (value, args) => chosen(value, 4, args.or("options", null))),
  ipv6: filter(["options"], (value, args) => chosen(value, 6, args.or("options", null))),
  ipaddr: filter(["options"], (value, args) => either(value, args.or("options", null))),
  ip_host: each((text) => text.includes("/") ? text : `${text}/${text.includes(":") ? 128 : 32}`),
  network_hosts: each(hosts),
  network_size: each((text) => {
    const { version, prefix } = networkOf(text);
    return compact(1n << BigInt((version === 4 ? 32 : 128) - prefix));
  }),
  filter_by_networks: filter(["networks"], byNetworks),
  ipwrap: filter(
    [],
    (value) => isList(value) ? Array.from(iterate(value), wrapped) : wrapped(value),
  ),
};
