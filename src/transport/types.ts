/**
 * Contracts of every transport, in words that name none. Payloads are opaque bytes: encryption and
 * authentication are the channel's.
 * @module
 */
import type { DataMap, MinionId, SaltEvent } from "../types/mod.ts";

/** Asks and gets one answer. Requests may overlap; each is answered or rejects with SaltReqTimeoutError. */
export interface RequestClient {
  request(
    payload: Uint8Array,
    options: { timeoutMs: number; signal?: AbortSignal },
  ): Promise<Uint8Array>;
  close(): void;
}

/** Receives what a master publishes, from the moment `connect` resolved. */
export interface PublishClient {
  /** Messages in order. Ends when closed. */
  messages(): AsyncIterable<{ topic: string | null; payload: Uint8Array }>;
  /** Calls back when the link comes up or goes down. */
  onLink(listener: (up: boolean) => void): void;
  close(): void;
}

/** Sends one message to all, or to those who subscribed to one of the topics. */
export interface PublishServer {
  /** `minions`: who is expected; a transport that addresses each one sends to these alone. */
  publish(payload: Uint8Array, topics: string[] | null, minions?: readonly string[]): void;
  /** Calls back with the number of connected subscribers when it changes. */
  readonly subscribers: number;
  close(): Promise<void>;
}

/** Who sends. What the transport proved about the sender, never what a message says. */
export interface PeerInfo {
  address: string | null;
  /** Set by transports that authenticate by themselves (RAET). */
  verifiedId: string | null;
  /**
   * Has the answer wait: it goes out after `ms`, unless word about `topic` comes first, upon which the
   * request is served anew. Absent where answers go out at once.
   */
  hold?(topic: string, ms: number): void;
}

/** Answers requests. The handler must answer every one. */
export type RequestHandler = (payload: Uint8Array, peer: PeerInfo) => Promise<Uint8Array>;

/** What a lane needs of an event bus. */
export interface LaneBus {
  fire(tag: string, data: DataMap): void;
  onEvent(prefix: string, listener: (event: SaltEvent) => void): () => void;
}

/** Makes the clients of one transport for one master. */
export interface TransportFactory {
  /** `uri` as the transport wants it: `tcp://host:port`. */
  requestClient(uri: string): Promise<RequestClient>;
  /** `requestUri` is where the same master takes requests, for transports that need one link for both. */
  publishClient(
    uri: string,
    options: { id: MinionId; topics: string[] | null; requestUri?: string },
  ): Promise<PublishClient>;
  /** Tells which file in `pki_dir` keeps the RSA key of the master at an address (RAET). */
  expectMaster?(uri: string, keyName: string): void;
  /** Lets programs that use this event bus of the minion reach programs of other hosts (RAET). */
  lane?(bus: LaneBus): void;
}
