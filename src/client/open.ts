/**
 * Opens a client over the transports of this host.
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
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

function notRunning(why: string): SaltClientError {
  return new SaltClientError(
    `The salt master could not be contacted. Is master running?\n(${why})`,
    { exitCode: 2 },
  );
}

/** Whether the process in the master's pid file has gone. It may also be one of another container. */
function hasDied(opts: ClientOpts): boolean {
  try {
    const pid = Number(readFileSync(String(opts["pidfile"]), "utf8"));
    if (!(pid > 0)) return false;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as { code?: string }).code === "ESRCH";
  }
}

async function listens(path: string): Promise<boolean> {
  const { connect } = await import("node:net");
  return await new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/**
 * A client of the master on this host.
 * @throws {SaltClientError} when no master runs here.
 */
export async function openLocalClient(opts: ClientOpts): Promise<LocalClient> {
  const bus = join(opts.sock_dir, "publish_pull.ipc");
  if (opts["ipc_mode"] !== "tcp") {
    if (!existsSync(bus)) {
      throw notRunning(
        `It would have ${bus}; does this user see it, and is 'sock_dir' the master's?`,
      );
    }
    if (hasDied(opts) && !await listens(bus)) {
      throw notRunning(`It was killed: ${bus} is left of it`);
    }
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
