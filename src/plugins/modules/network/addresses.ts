/** Functions of `network` about interfaces and addresses. @module */
import { SaltInvocationError } from "../../../errors.ts";
import { addressesOf, type Interfaces, readInterfaces } from "../../../host/mod.ts";
import { fn } from "../../../loader/types.ts";
import {
  compareNetworks,
  formatNetwork,
  inNetwork,
  type IpNetwork,
  isLoopback,
  isPrivate,
  lastAddress,
  maskOf,
  networkOf,
  parseAddress,
  parseNetwork,
  reversePointer,
} from "../../../text/ip.ts";
import { formatAddress } from "../../../text/ip.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { Data, DataMap } from "../../../types/mod.ts";

const iface = { type: "string", required: true, doc: "Name of an interface." } as const;
const address = { type: "string", required: true, doc: "An address." } as const;
const onlyInterface = {
  type: "any",
  doc: "Only those of these interfaces: names or globs, a list or text with commas.",
} as const;
const includeLoopback = {
  type: "bool",
  default: false,
  doc: "Also those of the loopback interface.",
} as const;
const onlyCidr = { type: "string", doc: "Only those in this network." } as const;

/** @throws SaltInvocationError in Python's words. */
function needAddress(text: string): IpNetwork {
  const parsed = parseAddress(text);
  if (parsed) return parsed;
  throw new SaltInvocationError(`'${text}' does not appear to be an IPv4 or IPv6 address`);
}

function needNetwork(text: string): IpNetwork {
  const parsed = parseNetwork(text, false);
  if (parsed) return parsed;
  throw new SaltInvocationError(`'${text}' does not appear to be an IPv4 or IPv6 network`);
}

/** Only the named interfaces. */
async function chosen(wanted: Data): Promise<Interfaces> {
  const all = await readInterfaces();
  if (wanted === null) return all;
  const names = Array.isArray(wanted) ? wanted.map(pyStr) : pyStr(wanted).split(",");
  const { compileGlob } = await import("../../../text/glob.ts");
  const tests = names.map((name) => compileGlob(name.trim()));
  return Object.fromEntries(
    Object.entries(all).filter(([name]) => tests.some((test) => test(name))),
  );
}

/** One interface, or what Salt says when it is not there. */
async function one(name: string): Promise<Interfaces[string] | string> {
  const all = await readInterfaces();
  if (Object.hasOwn(all, name)) return all[name]!;
  const known = Object.keys(all).join('", "');
  return `Interface "${name}" not in available interfaces: "${known}"`;
}

interface ListArgs {
  interface: Data;
  include_loopback: boolean;
  cidr: string | null;
  type?: string | null;
}

async function listAddresses(kind: "inet" | "inet6", args: ListArgs): Promise<string[]> {
  const all = addressesOf(await chosen(args.interface), kind, args.include_loopback);
  if (args.cidr) {
    const network = parseNetwork(args.cidr);
    return network ? all.filter((item) => inNetwork(needAddress(item), network)) : [];
  }
  if (args.type === "public") return all.filter((item) => !isPrivate(needAddress(item)));
  if (args.type === "private") return all.filter((item) => isPrivate(needAddress(item)));
  return all;
}

/** Networks that addresses of interfaces lie in, sorted, without doubles. */
function networksOf(
  interfaces: Interfaces,
  kind: "inet" | "inet6",
  loopback: boolean,
): IpNetwork[] {
  const found = new Map<string, IpNetwork>();
  for (const data of Object.values(interfaces)) {
    const secondary = (data.secondary ?? []).filter((entry) => entry.type === kind);
    for (const entry of [...data[kind] ?? [], ...secondary]) {
      const prefix = "netmask" in entry ? entry.netmask : entry.prefixlen;
      const network = networkOf(entry.address, prefix);
      if (!network || (!loopback && isLoopback(needAddress(entry.address)))) continue;
      found.set(formatNetwork(network), network);
    }
  }
  return [...found.values()].sort(compareNetworks);
}

async function ipNetworks(
  kind: "inet" | "inet6",
  args: { interface: Data; include_loopback: boolean; verbose: boolean },
): Promise<Data> {
  const networks = networksOf(await chosen(args.interface), kind, args.include_loopback);
  if (!args.verbose) return networks.map(formatNetwork);
  return Object.fromEntries(networks.map((network) => {
    const { version, value, prefix } = network;
    const size = 1n << BigInt((version === 4 ? 32 : 128) - prefix);
    const number = Number(size);
    return [formatNetwork(network), {
      address: formatAddress(version, value),
      netmask: maskOf(version, prefix),
      num_addresses: Number.isSafeInteger(number) ? number : size,
      prefixlen: prefix,
    }];
  }));
}

async function ownAddresses(): Promise<string[]> {
  const all = await readInterfaces();
  return [...addressesOf(all, "inet", false), ...addressesOf(all, "inet6", false)];
}

function anyInNetwork(addresses: string[], cidr: string): boolean {
  const network = parseNetwork(cidr);
  return network !== undefined && addresses.some((item) => inNetwork(needAddress(item), network));
}

const networkArgs = {
  interface: onlyInterface,
  include_loopback: includeLoopback,
  verbose: { type: "bool", default: false, doc: "Returns a map with more of each." },
} as const;

/** Interfaces and addresses. */
export const addressFunctions = {
  interfaces: fn({
    doc: "Returns all interfaces with their addresses.",
    args: {},
    example: "salt '*' network.interfaces",
    run: async () => await readInterfaces() as unknown as DataMap,
  }),
  interface: fn({
    doc: "Returns the IPv4 addresses of an interface.",
    args: { iface },
    example: "salt '*' network.interface eth0",
    async run(_ctx, args) {
      const data = await one(args.iface);
      return typeof data === "string" ? data : (data.inet ?? "") as unknown as Data;
    },
  }),
  interface_ip: fn({
    doc: "Returns the first IPv4 address of an interface.",
    args: { iface },
    example: "salt '*' network.interface_ip eth0",
    async run(_ctx, args) {
      const data = await one(args.iface);
      return typeof data === "string" ? data : data.inet?.[0]?.address ?? "";
    },
  }),
  hw_addr: fn({
    doc: "Returns the hardware address of an interface.",
    args: { iface },
    example: "salt '*' network.hw_addr eth0",
    async run(_ctx, args) {
      const data = await one(args.iface);
      return typeof data === "string" ? data : data.hwaddr ?? "";
    },
  }),
  ip_addrs: fn({
    doc: "Lists the IPv4 addresses of this machine.",
    args: {
      interface: onlyInterface,
      include_loopback: includeLoopback,
      cidr: onlyCidr,
      type: { type: "string", doc: "Only `public` or `private` ones." },
    },
    example: "salt '*' network.ip_addrs\nsalt '*' network.ip_addrs cidr=10.0.0.0/8\n" +
      "salt '*' network.ip_addrs type=public",
    run: (_ctx, args) => listAddresses("inet", args),
  }),
  ip_addrs6: fn({
    doc: "Lists the IPv6 addresses of this machine.",
    args: { interface: onlyInterface, include_loopback: includeLoopback, cidr: onlyCidr },
    example: "salt '*' network.ip_addrs6\nsalt '*' network.ip_addrs6 cidr=2000::/3",
    run: (_ctx, args) => listAddresses("inet6", args),
  }),
  ip_networks: fn({
    doc: "Lists the IPv4 networks that this machine is in.",
    args: networkArgs,
    example: "salt '*' network.ip_networks\nsalt '*' network.ip_networks interface=docker0",
    run: (_ctx, args) => ipNetworks("inet", args),
  }),
  ip_networks6: fn({
    doc: "Lists the IPv6 networks that this machine is in.",
    args: networkArgs,
    example: "salt '*' network.ip_networks6\nsalt '*' network.ip_networks6 interface=eth0",
    run: (_ctx, args) => ipNetworks("inet6", args),
  }),
  subnets: fn({
    doc: "Lists the IPv4 networks that this machine is in, without the loopback.",
    args: { interfaces: { type: "any", doc: "Only those of these interfaces." } },
    example: "salt '*' network.subnets\nsalt '*' network.subnets interfaces=eth1",
    run: async (_ctx, args) =>
      networksOf(await chosen(args.interfaces), "inet", false).map(formatNetwork),
  }),
  subnets6: fn({
    doc: "Lists the IPv6 networks that this machine is in, without the loopback.",
    args: {},
    example: "salt '*' network.subnets6",
    run: async () => networksOf(await readInterfaces(), "inet6", false).map(formatNetwork),
  }),
  in_subnet: fn({
    doc: "Says whether an address of this machine is in a network.",
    args: { cidr: { type: "string", required: true, doc: "The network." } },
    example: "salt '*' network.in_subnet 10.0.0.0/16",
    run: async (_ctx, args) => anyInNetwork(await ownAddresses(), args.cidr),
  }),
  ip_in_subnet: fn({
    doc: "Says whether an address is in a network.",
    args: { ip_addr: address, cidr: { type: "string", required: true, doc: "The network." } },
    example: "salt '*' network.ip_in_subnet 172.17.0.4 172.16.0.0/12",
    run: (_ctx, args) => anyInNetwork([args.ip_addr], args.cidr),
  }),
  calc_net: fn({
    doc: "Returns the network that an address lies in.",
    args: { ip_addr: address, netmask: { type: "string", doc: "Mask or length of the prefix." } },
    example: "salt '*' network.calc_net 172.17.0.5 255.255.255.240\n" +
      "salt '*' network.calc_net 2a02:f6e:a000:80:84d8:8332:7866:4e07/64",
    run: (_ctx, args) =>
      formatNetwork(needNetwork(args.netmask ? `${args.ip_addr}/${args.netmask}` : args.ip_addr)),
  }),
  convert_cidr: fn({
    doc: "Returns a network's address, mask and last address.",
    args: { cidr: { type: "string", required: true, doc: "The network." } },
    example: "salt '*' network.convert_cidr 172.31.0.0/16",
    run(_ctx, args) {
      const network = needNetwork(args.cidr);
      return {
        network: formatAddress(network.version, network.value),
        netmask: maskOf(network.version, network.prefix),
        broadcast: lastAddress(network),
      };
    },
  }),
  is_private: fn({
    doc: "Says whether an address is for private use.",
    args: { ip_addr: address },
    example: "salt '*' network.is_private 10.0.0.3",
    run: (_ctx, args) => isPrivate(needAddress(args.ip_addr)),
  }),
  is_loopback: fn({
    doc: "Says whether an address is a loopback address.",
    args: { ip_addr: address },
    example: "salt '*' network.is_loopback 127.0.0.1",
    run: (_ctx, args) => isLoopback(needAddress(args.ip_addr)),
  }),
  reverse_ip: fn({
    doc: "Returns the name under which DNS keeps the name of an address.",
    args: { ip_addr: address },
    example: "salt '*' network.reverse_ip 172.17.0.4",
    run: (_ctx, args) => reversePointer(needAddress(args.ip_addr)),
  }),
  iphexval: fn({
    doc: "Returns an IPv4 address in hexadecimal digits.",
    args: { ip: address },
    example: "salt '*' network.iphexval 10.0.0.1",
    run: (_ctx, { ip }) => {
      const parsed = needAddress(ip);
      if (parsed.version !== 4) throw new SaltInvocationError(`'${ip}' is not an IPv4 address`);
      return parsed.value.toString(16).toUpperCase().padStart(8, "0");
    },
  }),
  ifacestartswith: fn({
    doc: "Lists the interfaces whose IPv4 addresses begin with a text.",
    args: { cidr: { type: "string", required: true, doc: "The text, such as `10.0`." } },
    example: "salt '*' network.ifacestartswith 10.0",
    async run(_ctx, args) {
      const inets = Object.values(await readInterfaces()).flatMap((data) => data.inet ?? []);
      return inets.filter((inet) => inet.address.startsWith(args.cidr)).map((inet) => inet.label);
    },
  }),
};
