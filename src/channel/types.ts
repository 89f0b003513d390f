/**
 * Contracts of the channels: loads in clear to the caller, encrypted and authenticated below.
 * @module
 */
export type { TransportFactory } from "../transport/types.ts";
import type { Data, DataMap, PublishLoad } from "../types/mod.ts";

/** How a sign-in ended for good. Pending is not an end: it waits. */
export interface SignIn {
  /** Where the master publishes. */
  publishPort: number;
  /** 2 or 3: the protocol version that this master speaks. */
  version: 2 | 3;
}

/** One minion's authenticated connection to one master. */
export interface MinionChannel {
  /**
   * Signs in: waits while pending (`acceptance_wait_time`), tries again while nobody answers.
   * Rejects with AuthenticationError (exit code 77 refused, 42 wrong master key) when the master refuses.
   */
  signIn(signal?: AbortSignal): Promise<SignIn>;
  /** Sends an encrypted load (without nonce, ts, tok: added here) and gives the decrypted reply. Signs in again once when the session key is no longer valid. */
  request(
    load: DataMap,
    options?: { timeoutMs?: number; tries?: number; signal?: AbortSignal; raw?: boolean },
  ): Promise<Data>;
  /** Asks for this minion's pillar and checks signature, key and nonce. */
  requestPillar(load: DataMap): Promise<DataMap>;
  /**
   * Decrypts and checks a publication. null: not for minions, replayed, or not authentic even after
   * a new sign-in.
   */
  decodePublication(payload: Uint8Array): Promise<PublishLoad | null>;
  /** Calls back after each later sign-in that changed the session key. */
  onRekey(listener: () => void): void;
  close(): void;
}
