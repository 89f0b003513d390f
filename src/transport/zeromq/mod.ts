/** Salt's framing over ZeroMQ sockets. @module */
import type { TransportFactory } from "../types.ts";
import { ZmqPublishClient } from "./publish_client.ts";
import { ZmqRequestClient } from "./request_client.ts";
import {
  heartbeatOptions,
  reconnectOptions,
  sizeOptions,
  type SocketSettings,
  tcpOptions,
} from "./socket_options.ts";

export { ipcEndpoint, tcpEndpoint } from "./endpoints.ts";
export { BROADCAST, minionTopic } from "./publish_client.ts";
export type { SocketSettings } from "./socket_options.ts";

/** The longest pause between two tries of a request socket to connect, in ms. */
const REQ_RECONNECT_MAX = 5000;

/** Makes clients over ZeroMQ with the settings of a minion or of a command line tool. */
export function zeromqTransport(settings: SocketSettings): TransportFactory {
  return {
    requestClient: (uri) =>
      Promise.resolve(
        new ZmqRequestClient(uri, {
          ...tcpOptions(settings, uri),
          ...heartbeatOptions(settings),
          ...sizeOptions(settings),
          reconnectInterval: 100,
          reconnectMaxInterval: REQ_RECONNECT_MAX,
        }),
      ),
    publishClient: (uri, subscriber) =>
      ZmqPublishClient.open(
        uri,
        {
          ...tcpOptions(settings, uri),
          ...heartbeatOptions(settings),
          ...reconnectOptions(settings),
          ...sizeOptions(settings),
        },
        subscriber,
      ),
  };
}
