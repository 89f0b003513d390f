/**
 * How simulated minions behave.
 * @module
 */

/** What can be changed while they run. */
export interface Knobs {
  /** ms between a publication and its return; spread between half and one and a half of it. */
  thinkMs: number;
  /** Bytes of text in each return; 0: `true`. */
  returnSize: number;
  /** Share of publications that are never answered, 0 to 1. */
  loss: number;
  /** Share of UDP packets that are lost, each way, 0 to 1. RAET's alone: TCP has none of its own. */
  packetLoss: number;
}

/** How a simulated minion behaves. */
export interface Behaviour extends Knobs {
  host: string;
  requestPort: number;
  version: 2 | 3;
  /** Whether the request connection stays open; 3006.0's minions make one for each request. */
  keepsConnection: boolean;
  /** Whether it goes on with its session where the master offers that, as saltx minions do. */
  resumes: boolean;
  /**
   * A minion that lost its master tries again after a random part of so many ms, and signs in when it
   * is there; 0: it stays away.
   */
  reconnectMs: number;
  /** ZeroMQ where it is not given. */
  transport?: "zeromq" | "raet";
}

/** What a minion does where nothing else is wanted: it answers at once, and stays away once it is lost. */
export const plainBehaviour = {
  version: 3,
  thinkMs: 0,
  returnSize: 0,
  loss: 0,
  packetLoss: 0,
  keepsConnection: true,
  resumes: false,
  reconnectMs: 0,
} as const;

/** @throws Error for what cannot be. */
export function checkBehaviour({ transport, loss, packetLoss }: Behaviour): void {
  for (const share of [loss, packetLoss]) {
    if (!(share >= 0 && share <= 1)) throw new Error(`A share of ${share} is not between 0 and 1`);
  }
  if (packetLoss > 0 && transport !== "raet") {
    throw new Error("ZeroMQ sends no packets of its own that a minion could lose");
  }
}
