/**
 * Contracts of the event buses of master and minion.
 *
 * On the wire an event is one ZeroMQ frame: tag, two newlines, msgpack map (bin types on).
 * @module
 */
import type { DataMap, SaltEvent } from "../types/mod.ts";

/** Events whose tag begins with one of the prefixes, from the moment `ready` resolved. Bounded: drops the oldest and counts them. */
export interface EventSubscription extends AsyncIterable<SaltEvent> {
  /** Resolves when the bus is known to deliver to this subscription; rejects with SaltClientError when there is no bus. */
  readonly ready: Promise<void>;
  /** The next event, or null after `timeoutMs` or once closed. */
  next(timeoutMs?: number): Promise<SaltEvent | null>;
  /** Events lost because the reader was too slow. */
  readonly dropped: number;
  close(): void;
}

/** A program's way to a bus: reads what it subscribes to, fires through the PULL socket. */
export interface EventClient {
  subscribe(...prefixes: string[]): EventSubscription;
  /** Adds `_stamp` and hands the event to the bus. */
  fire(tag: string, data: DataMap): Promise<void>;
  close(): void;
}

/** Which bus. `sockDir` holds the ipc files; `idHash` is the minion's. Or TCP ports on 127.0.0.1. */
export type BusAddress =
  | { node: "master"; sockDir: string }
  | { node: "minion"; sockDir: string; idHash: string }
  | { pubPort: number; pullPort: number };
