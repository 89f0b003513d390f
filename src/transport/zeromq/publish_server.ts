/**
 * The master's PUB side. It speaks to SUB peers as an XPUB does, and tells which topics have
 * subscribers: each saltx minion subscribes to its own.
 * @module
 */
import { Buffer } from "node:buffer";
import type { ZmqOptions } from "../../runtime/types.ts";
import type { PublishServer } from "../types.ts";
import type { ConnectionRoom } from "./connection_room.ts";
import { messageBytes } from "./zmtp_frames.ts";
import { type ZmtpPeer, ZmtpServer } from "./zmtp_server.ts";

const SUBSCRIBE = 1;

/** Topics that one peer may subscribe to, and bytes of each. */
const MAX_TOPICS = 1000;
const MAX_TOPIC_BYTES = 255;

/** Peers that are sent to before other events get their turn. */
const PEERS_PER_TURN = 500;

const DEFAULT_HWM = 1000;

interface Subscriber {
  /** Topics, as latin1, with the number of times each was subscribed to. */
  topics: Map<string, number>;
  /** Messages since the kernel last had taken all. */
  behind: number;
}

/** Publishes to whoever subscribed; a subscriber that is slower than `pub_hwm` messages loses some. */
export class ZmqPublishServer implements PublishServer {
  /** Publications so far. */
  sent = 0;
  /** Messages that slow subscribers have lost. */
  lost = 0;
  #server!: ZmtpServer;
  readonly #hwm: number;
  readonly #onTopic: (topic: string, present: boolean) => void;
  readonly #subscribers = new Map<ZmtpPeer, Subscriber>();
  readonly #byTopic = new Map<string, Set<ZmtpPeer>>();
  /** Lengths of topics that are subscribed to, with their number: only those prefixes are looked up. */
  readonly #lengths = new Map<number, number>();
  #sending: Promise<void> = Promise.resolve();
  #waiting = 0;

  private constructor(hwm: number, onTopic: (topic: string, present: boolean) => void) {
    this.#hwm = hwm > 0 ? hwm : Infinity;
    this.#onTopic = onTopic;
  }

  /**
   * @param onTopic called when a topic gets its first subscriber and when it has lost the last.
   * @throws what bind rejects with: `code: "EADDRINUSE"`, `"EACCES"` …
   */
  static async open(
    endpoint: string,
    options: ZmqOptions,
    onTopic: (topic: string, present: boolean) => void = () => {},
    room?: ConnectionRoom,
  ): Promise<ZmqPublishServer> {
    const self = new ZmqPublishServer(options.sendHighWaterMark ?? DEFAULT_HWM, onTopic);
    self.#server = await ZmtpServer.open(endpoint, options, {
      type: "XPUB",
      peers: ["SUB", "XSUB"],
      room,
      opened: (peer) => void self.#subscribers.set(peer, { topics: new Map(), behind: 0 }),
      message: (peer, [frame]) => {
        if (frame && frame.length > 0) self.#heard(peer, frame[0] === SUBSCRIBE, frame.subarray(1));
      },
      command: (peer, name, body) => {
        if (name === "SUBSCRIBE") self.#heard(peer, true, body);
        else if (name === "CANCEL") self.#heard(peer, false, body);
      },
      closed: (peer) => self.#left(peer),
    });
    return self;
  }

  get endpoint(): string {
    return this.#server.endpoint;
  }

  get subscribers(): number {
    return this.#subscribers.size;
  }

  /** Publications that are not sent to all yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** A peer that subscribed to several of the topics gets the message once. */
  publish(payload: Uint8Array, topics: string[] | null): void {
    this.#waiting += 1;
    this.sent += 1;
    // In the order in which they came, and each to its end before the next.
    const sent = this.#sending.then(() =>
      topics === null ? this.#toAll(payload) : this.#toTopics(payload, topics)
    );
    this.#sending = sent.finally(() => this.#waiting -= 1);
  }

  async close(): Promise<void> {
    await this.#sending;
    await this.#server.close();
  }

  async #toAll(payload: Uint8Array): Promise<void> {
    const size = Math.min(payload.length, MAX_TOPIC_BYTES);
    const head = Buffer.from(payload.buffer, payload.byteOffset, size).toString("latin1");
    await this.#send(messageBytes([payload]), this.#peersOf(head));
  }

  async #toTopics(payload: Uint8Array, topics: string[]): Promise<void> {
    const reached = new Set<ZmtpPeer>();
    for (const topic of topics) {
      const peers = this.#peersOf(topic).filter((peer) => !reached.has(peer));
      if (peers.length === 0) continue;
      for (const peer of peers) reached.add(peer);
      await this.#send(messageBytes([Buffer.from(topic), payload]), peers);
    }
  }

  async #send(bytes: Uint8Array, peers: readonly ZmtpPeer[]): Promise<void> {
    for (let i = 0; i < peers.length; i++) {
      if (i > 0 && i % PEERS_PER_TURN === 0) {
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      this.#sendTo(peers[i]!, bytes);
    }
  }

  #sendTo(peer: ZmtpPeer, bytes: Uint8Array): void {
    const subscriber = this.#subscribers.get(peer);
    if (!subscriber) return;
    subscriber.behind = peer.pendingBytes === 0 ? 0 : subscriber.behind + 1;
    if (subscriber.behind > this.#hwm) this.lost += 1;
    else peer.write(bytes);
  }

  /** Who subscribed to a beginning of the topic. */
  #peersOf(topic: string): ZmtpPeer[] {
    const found = new Set<ZmtpPeer>();
    for (const length of this.#lengths.keys()) {
      if (length > topic.length) continue;
      for (const peer of this.#byTopic.get(topic.slice(0, length)) ?? []) found.add(peer);
    }
    return [...found];
  }

  #heard(peer: ZmtpPeer, subscribes: boolean, topic: Uint8Array): void {
    const subscriber = this.#subscribers.get(peer);
    if (!subscriber || topic.length > MAX_TOPIC_BYTES) return;
    const name = Buffer.from(topic.buffer, topic.byteOffset, topic.length).toString("latin1");
    const count = subscriber.topics.get(name) ?? 0;
    if (subscribes) {
      if (count === 0 && subscriber.topics.size >= MAX_TOPICS) return;
      subscriber.topics.set(name, count + 1);
      if (count === 0) this.#join(peer, name);
    } else if (count > 1) {
      subscriber.topics.set(name, count - 1);
    } else if (count === 1) {
      subscriber.topics.delete(name);
      this.#leave(peer, name);
    }
  }

  #left(peer: ZmtpPeer): void {
    const subscriber = this.#subscribers.get(peer);
    this.#subscribers.delete(peer);
    for (const topic of subscriber?.topics.keys() ?? []) this.#leave(peer, topic);
  }

  #join(peer: ZmtpPeer, topic: string): void {
    const peers = this.#byTopic.get(topic);
    if (peers) {
      peers.add(peer);
      return;
    }
    this.#byTopic.set(topic, new Set([peer]));
    this.#lengths.set(topic.length, (this.#lengths.get(topic.length) ?? 0) + 1);
    if (topic !== "") this.#onTopic(Buffer.from(topic, "latin1").toString(), true);
  }

  #leave(peer: ZmtpPeer, topic: string): void {
    const peers = this.#byTopic.get(topic);
    if (!peers?.delete(peer) || peers.size > 0) return;
    this.#byTopic.delete(topic);
    const left = (this.#lengths.get(topic.length) ?? 1) - 1;
    if (left === 0) this.#lengths.delete(topic.length);
    else this.#lengths.set(topic.length, left);
    if (topic !== "") this.#onTopic(Buffer.from(topic, "latin1").toString(), false);
  }
}
