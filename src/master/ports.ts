/**
 * The master's two ports, with what its options say of them.
 * @module
 */
import { type MasterOpts, transportsOf } from "../config/mod.ts";
import { EX, messageOf, SaltException } from "../errors.ts";
import type { ConnectionRoom } from "../transport/zeromq/connection_room.ts";
import { tcpEndpoint } from "../transport/zeromq/mod.ts";
import { bindPrivate } from "../transport/zeromq/private_bind.ts";
import { ZmqPublishServer } from "../transport/zeromq/publish_server.ts";
import { ZmqRequestServer } from "../transport/zeromq/request_server.ts";
import { heartbeatOptions, sizeOptions, tcpOptions } from "../transport/zeromq/socket_options.ts";
import { workersEndpoint } from "./worker_thread.ts";

/** @throws SaltException that says what is wrong with the port. */
export function openPublishServer(
  opts: MasterOpts,
  onTopic: (topic: string, present: boolean) => void,
  room: ConnectionRoom | undefined,
): Promise<ZmqPublishServer> {
  const options = {
    ...tcpOptions(opts),
    linger: 1000,
    sendHighWaterMark: opts.pub_hwm,
    backlog: opts.zmq_backlog,
    maxMessageSize: 4096,
    ...heartbeatOptions(opts),
  };
  const endpoint = tcpEndpoint(tcpInterface(opts), opts.publish_port);
  return bound(
    "publish_port",
    opts.publish_port,
    () => ZmqPublishServer.open(endpoint, options, onTopic, room),
  );
}

/** @throws SaltException that says what is wrong with the port. */
export function openRequestServer(
  opts: MasterOpts,
  room: ConnectionRoom | undefined,
): Promise<ZmqRequestServer> {
  const options = {
    endpoint: tcpEndpoint(tcpInterface(opts), opts.ret_port),
    workersEndpoint: workersEndpoint(opts.sock_dir),
    limits: {
      queue: opts.request_queue,
      queueBytes: opts.request_queue_bytes,
      perPeer: opts.request_queue_per_minion,
    },
    room,
    router: {
      ...tcpOptions(opts),
      ...sizeOptions(opts),
      linger: 1000,
      backlog: opts.zmq_backlog,
    },
  };
  return bound("ret_port", opts.ret_port, () => ZmqRequestServer.open(options, bindPrivate));
}

/** Says which setting to change when a port cannot be had. */
async function bound<T>(option: string, port: number, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    const code = (error as { code?: string }).code;
    const why = code === "EADDRINUSE"
      ? "another program (a salt-master?) listens there. Stop it, or set another port"
      : code === "EACCES"
      ? "this user may not listen there"
      : code === "EADDRNOTAVAIL"
      ? "no network interface of this host has the address that 'interface' names"
      : messageOf(error);
    throw new SaltException(`Cannot listen on ${option} ${port}: ${why}`, {
      cause: error,
      exitCode: EX.UNAVAILABLE,
    });
  }
}

/** Where TCP is listened on: without ZeroMQ's minions, only this host's own programs use it. */
function tcpInterface(opts: MasterOpts): string {
  if (transportsOf(opts.transport).has("zeromq")) return opts.interface;
  if (opts.interface === "0.0.0.0") return "127.0.0.1";
  return opts.interface === "::" ? "::1" : opts.interface;
}
