/**
 * Opens a client over the transports of this host.
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { SaltClientError } from "../errors.ts";
import { packWire } from "../serializers/msgpack.ts";
import { LocalClient } from "./local_client.ts";
import type { ClientOpts } from "./types.ts";

/** Where a program on this host reaches the master: an address that means "all" is no destination. */
export function masterUri(opts: ClientOpts): string {
  const host = opts.interface === "0.0.0.0"
    ? "127.0.0.1"
    : opts.interface === "::" || opts.interface === "[::]"
    ? "::1"
    : opts.interface;
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  return `tcp://${bare.includes(":") ? `[${bare}]` : bare}:${opts.ret_port}`;
}

/** How long the master may take to fire what proves a subscription. */
const SYNC_TIMEOUT_MS = 5000;

/**
 * A client of the master on this host.
 * @throws {SaltClientError} when no master runs here.
 */
export async function openLocalClient(opts: ClientOpts): Promise<LocalClient> {
  const bus = join(opts.sock_dir, "publish_pull.ipc");
  if (opts["ipc_mode"] !== "tcp" && !existsSync(bus)) {
    throw new SaltClientError(
      "The salt master could not be contacted. Is master running?\n" +
        `(It would have ${bus}; does this user see it, and is 'sock_dir' the master's?)`,
      { exitCode: 2 },
    );
  }
  // Not through the folders' doors: what else is behind them takes longer to load than a job.
  const [{ ZmqRequestClient }, { openEventClient }] = await Promise.all([
    import("../transport/zeromq/request_client.ts"),
    import("../event/client.ts"),
  ]);
  const requests = new ZmqRequestClient(masterUri(opts), { ipv6: opts.interface.includes(":") });
  const askSync = async (tag: string) => {
    const load = packWire({ enc: "clear", load: { cmd: "sync", tag }, version: 3 });
    await requests.request(load, { timeoutMs: SYNC_TIMEOUT_MS });
  };
  return new LocalClient({
    opts,
    requests,
    openEvents: () => openEventClient({ node: "master", sockDir: opts.sock_dir }, { askSync }),
  });
}
