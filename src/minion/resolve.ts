/**
 * Finds a master's address. (`salt/minion.py:resolve_dns`, `salt/utils/network.py:dns_check`)
 * @module
 */
import { lookup } from "node:dns/promises";
import { connect, isIP } from "node:net";
import { messageOf, SaltClientError } from "../errors.ts";
import { getLogger } from "../logging/mod.ts";
import type { Clock } from "../channel/clock.ts";
import type { NamedMaster } from "./masters.ts";

const log = getLogger("saltx.minion");

/** ms to wait for one of several addresses to take a connection. */
const PROBE_MS = 2000;

/** The settings of name resolution. */
export interface ResolveSettings {
  /** true: IPv6 only. false: IPv4 only. null: both, IPv4 first. */
  readonly ipv6: boolean | null;
  /** s between tries; 0 does not try again. */
  readonly retry_dns: number;
  readonly retry_dns_count: number | null;
  readonly resolve_dns_fallback: boolean;
}

/** How names are looked up and addresses tried. */
export interface Resolver {
  /** All addresses of a name. Rejects when it has none. */
  lookup(host: string): Promise<{ address: string; family: number }[]>;
  /** Whether something takes connections there. */
  reachable(address: string, port: number): Promise<boolean>;
}

/** The system's resolver. */
export const systemResolver: Resolver = {
  lookup: (host) => lookup(host, { all: true }),
  reachable: (address, port) =>
    new Promise((resolve) => {
      const socket = connect({ host: address, port, timeout: PROBE_MS });
      const done = (yes: boolean) => {
        socket.destroy();
        resolve(yes);
      };
      socket.once("connect", () => done(true));
      socket.once("error", () => done(false));
      socket.once("timeout", () => done(false));
    }),
};

/**
 * One try. Of several addresses the first that takes connections is used, else the first.
 * @throws SaltClientError naming the master.
 */
export async function resolveOnce(
  master: NamedMaster,
  ipv6: boolean | null,
  resolver: Resolver,
): Promise<string> {
  if (isIP(master.host) !== 0) return master.host;
  let found: { address: string; family: number }[];
  try {
    found = await resolver.lookup(master.host);
  } catch (error) {
    throw new SaltClientError(
      `Master hostname '${master.host}' cannot be resolved (${messageOf(error)}). Check option ` +
        `'master' and the name service of this host.`,
      { cause: error },
    );
  }
  const wanted = ipv6 === null ? [4, 6] : ipv6 ? [6] : [4];
  const usable = found.filter(({ family }) => wanted.includes(family))
    .sort((a, b) => a.family - b.family).map(({ address }) => address);
  if (usable.length === 0) {
    throw new SaltClientError(
      `Master hostname '${master.host}' has no IPv${ipv6 ? 6 : 4} address, and option ipv6 is ` +
        `${ipv6}`,
    );
  }
  if (usable.length > 1) {
    for (const address of usable) {
      if (await resolver.reachable(address, master.port)) return address;
    }
  }
  return usable[0]!;
}

/**
 * Tries until the name resolves, as often as the settings allow.
 * @throws SaltClientError when they allow no more; the signal's reason when it aborts.
 */
export async function resolveMaster(
  master: NamedMaster,
  settings: ResolveSettings,
  parts: { resolver: Resolver; clock: Clock; signal: AbortSignal },
): Promise<string> {
  let left = settings.retry_dns_count ?? Infinity;
  while (true) {
    parts.signal.throwIfAborted();
    try {
      return await resolveOnce(master, settings.ipv6, parts.resolver);
    } catch (error) {
      if (settings.retry_dns <= 0) {
        if (!settings.resolve_dns_fallback) throw error;
        log.warning(`${messageOf(error)} Using 127.0.0.1, as resolve_dns_fallback says.`);
        return "127.0.0.1";
      }
      if (left <= 0) throw error;
      left -= 1;
      log.error(
        `Master hostname: '${master.host}' not found or not responsive. Retrying in ` +
          `${settings.retry_dns} seconds`,
      );
      await parts.clock.sleep(settings.retry_dns * 1000, parts.signal);
    }
  }
}
