/**
 * How `master` names hosts. (`salt/minion.py:prep_ip_port`; `salt/utils/network.py:parse_host_port`)
 * @module
 */
import type * as Net from "node:net";
import { SaltConfigurationError } from "../errors.ts";

/** A master as configured; not resolved. */
export interface MasterAddress {
  /** Name or address, without brackets. */
  host: string;
  /** Port of its request server. */
  port: number;
}

/** What of the minion's options names the masters. */
export interface MasterOptions {
  readonly master: string | readonly unknown[];
  readonly master_port: number;
  readonly master_uri_format: string;
}

function isIPv6(text: string): boolean {
  if (!text.includes(":")) return false;
  const net: typeof Net = process.getBuiltinModule("node:net");
  return net.isIPv6(text);
}

function bad(text: string, why: string): never {
  throw new SaltConfigurationError(`Cannot use "${text}" as "master": ${why}`);
}

function portOf(digits: string, text: string): number {
  const port = Number(digits);
  if (/^\d+$/.test(digits) && port >= 1 && port <= 65535) return port;
  return bad(text, `"${digits}" is not a port from 1 to 65535`);
}

/**
 * Takes `host`, `host:port`, `[v6]:port` or a bare IPv6 address apart.
 *
 * @throws SaltConfigurationError when it is none of these.
 */
export function parseMasterAddress(text: string, options: MasterOptions): MasterAddress {
  const bare = text.trim();
  const plain = (host: string) => ({ host, port: options.master_port });
  if (bare === "") return bad(text, "wanted a host name or an address");
  if (options.master_uri_format === "ip_only") return plain(bare.replace(/^\[(.*)\]$/, "$1"));
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(bare);
  if (bracketed) {
    const [, host = "", port] = bracketed;
    if (!isIPv6(host)) bad(text, `"${host}" is not an IPv6 address`);
    return port === undefined ? plain(host) : { host, port: portOf(port, text) };
  }
  if (isIPv6(bare.replace(/%.*$/, ""))) return plain(bare);
  const [host = "", port, ...rest] = bare.split(":");
  if (rest.length > 0) bad(text, "too many colons; put an IPv6 address into brackets");
  if (!/^[A-Za-z0-9._-]+$/.test(host)) bad(text, `"${host}" is not a host name or address`);
  return port === undefined ? plain(host) : { host, port: portOf(port, text) };
}

/**
 * Every configured master, in order.
 *
 * @throws SaltConfigurationError when one cannot be an address, or none is named.
 */
export function masterAddresses(options: MasterOptions): MasterAddress[] {
  const list = typeof options.master === "string" ? [options.master] : options.master.map(String);
  if (list.length === 0) bad(String(options.master), "wanted at least one host name or address");
  return list.map((text) => parseMasterAddress(text, options));
}

/** `tcp://host:port`, with brackets around an IPv6 address. */
export function masterUri(address: MasterAddress): string {
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `tcp://${host}:${address.port}`;
}

/** The URI of the first master, or nothing where there is none, or where `master` names a function. */
export function firstMasterUri(options: MasterOptions & { readonly master_type: string }): string {
  if (options.master_type === "func" || options.master_type === "disable") return "";
  if (options.master === "" || options.master.length === 0) return "";
  const [first] = masterAddresses(options);
  return first ? masterUri(first) : "";
}
