/**
 * Takes clear loads from the workers, seals them under the fleet's key and sends them to the minions.
 * (`salt/channel/server.py:PubServerChannel.wrap_payload`, `salt/transport/zeromq.py:PublishServer`)
 * @module
 */
import { join } from "node:path";
import { sealPublication } from "../channel/publication.ts";
import type { MasterOpts } from "../config/mod.ts";
import type { SigningAlgorithm } from "../crypt/mod.ts";
import { messageOf } from "../errors.ts";
import { getLogger } from "../logging/mod.ts";
import { runtime } from "../runtime/mod.ts";
import type { ZmqSocket } from "../runtime/types.ts";
import { unpack } from "../serializers/msgpack.ts";
import { ipcEndpoint } from "../transport/zeromq/mod.ts";
import { bindPrivate } from "../transport/zeromq/private_bind.ts";
import { BROADCAST, minionTopic } from "../transport/zeromq/publish_client.ts";
import type { PublishServer } from "../transport/types.ts";
import { type DataMap, isMap, type TgtType } from "../types/mod.ts";
import type { FleetKey } from "./fleet_key.ts";

const log = getLogger("saltx.publisher");

/** Targets that name their minions, so that a filtered publication can go to those alone. */
const FILTERED: ReadonlySet<string> = new Set<TgtType>(["glob", "pcre", "list"]);

/** Where workers hand in what is to be published. */
export function publishPullEndpoint(sockDir: string): string {
  return ipcEndpoint(join(sockDir, "publish_pull.ipc"));
}

/** What the publisher is made of. */
export interface PublisherParts {
  opts: MasterOpts;
  /** PEM of the master's private key. */
  privateKey: string;
  fleet: FleetKey;
  server: PublishServer;
  /** Told of what a worker handed in, once it is sent. */
  onPublished?(load: DataMap, minions: string[]): void;
}

/** Publishes in the order in which loads come. */
export class Publisher {
  readonly #parts: PublisherParts;
  readonly #pull: ZmqSocket;
  readonly #running: Promise<void>;

  private constructor(parts: PublisherParts, pull: ZmqSocket) {
    this.#parts = parts;
    this.#pull = pull;
    this.#running = this.#run();
  }

  static async start(parts: PublisherParts): Promise<Publisher> {
    const pull = await runtime.openSocket("pull", { receiveHighWaterMark: 10_000 });
    try {
      await bindPrivate(pull, publishPullEndpoint(parts.opts.sock_dir));
    } catch (error) {
      pull.close();
      throw error;
    }
    return new Publisher(parts, pull);
  }

  /** Sends one load now. `minions` is who is expected, for topics. */
  publish(load: DataMap, minions: string[]): void {
    const { opts, fleet, privateKey, server } = this.#parts;
    const payload = sealPublication({ ...load, serial: fleet.nextSerial() }, {
      crypticle: fleet.crypticle,
      privateKey: opts.sign_pub_messages ? privateKey : null,
      sigAlgo: opts.publish_signing_algorithm as SigningAlgorithm,
    });
    const topics = opts.zmq_filtering ? topicsOf(load, minions, opts) : null;
    server.publish(payload, topics, minions.length > 0 ? minions : undefined);
    log.debug(() => `Published ${load["jid"]}`);
  }

  async close(): Promise<void> {
    this.#pull.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      for await (const [frame] of this.#pull) if (frame) this.#take(frame);
    } catch (error) {
      if (!this.#pull.closed) log.critical("The publisher no longer takes loads", error);
    }
  }

  #take(frame: Uint8Array): void {
    try {
      const message = unpack(frame);
      const load = isMap(message) ? message["load"] : undefined;
      if (!isMap(message) || !isMap(load)) throw new TypeError("it is not a map with a load");
      const minions = message["minions"];
      const ids = Array.isArray(minions) ? minions.map(String) : [];
      this.publish(load, ids);
      this.#parts.onPublished?.(load, ids);
    } catch (error) {
      log.error(`A load could not be published: ${messageOf(error)}`, error);
    }
  }
}

/** The topics of a filtered publication: the minions' own, or one for all. */
function topicsOf(load: DataMap, minions: string[], opts: MasterOpts): string[] {
  const topics = opts.order_masters ? ["syndic"] : [];
  if (!FILTERED.has(String(load["tgt_type"]))) return [BROADCAST, ...topics];
  return [...minions.map(minionTopic), ...topics];
}
