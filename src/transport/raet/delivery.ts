/**
 * What a path delivers, from what is acknowledged and what is lost: how much of the window is kept
 * after a loss. A path that loses at random takes nothing back for nothing; where a queue overflows,
 * the queue is taken back.
 *
 * Two rules, each of a known congestion control: a loss of up to 2 % without a longer round trip is
 * no congestion (BBR, version 2), and after others the window is the rate of delivery times the
 * shortest round trip where that is more than half (TCP Westwood+).
 * @module
 */

/** ms that one sample of the rate takes at least. */
const SAMPLE_MS = 50;
/** Weight of what was known before. */
const KEPT = 0.75;
/** Share of packets that may be lost at random. */
const RANDOM_LOSS = 0.02;
/** Packets over which the share is taken, about. */
const LOSS_PACKETS = 256;
/** ms by which a round trip may vary without a queue, and the share of the shortest one. */
const JITTER_MS = 10;
const JITTER_SHARE = 0.25;

/** One session's path. */
export class Delivery {
  #since: number | null = null;
  #bytes = 0;
  #rate = 0;
  #lossShare = 0;

  /** Bytes a ms; 0 while it is not known. */
  get rate(): number {
    return this.#rate;
  }

  /** Takes what is acknowledged for the first time. `srtt` in ms. */
  note(acked: readonly { size: number }[], now: number, srtt: number): void {
    this.#since ??= now;
    const took = now - this.#since;
    if (took >= Math.max(SAMPLE_MS, srtt)) {
      const sample = this.#bytes / took;
      this.#rate = this.#rate === 0 ? sample : KEPT * this.#rate + (1 - KEPT) * sample;
      this.#since = now;
      this.#bytes = 0;
    }
    for (const { size } of acked) this.#bytes += size;
    this.#lossShare *= (1 - 1 / LOSS_PACKETS) ** acked.length;
  }

  /** Takes how many packets were lost. */
  noteLost(count: number): void {
    this.#lossShare += (1 - this.#lossShare) * Math.min(1, count / LOSS_PACKETS);
  }

  /** Bytes of a window of `window` that are kept after a loss. Times in ms. */
  keptOf(window: number, srtt: number, minRtt: number): number {
    const queues = minRtt === Infinity ||
      srtt > minRtt + Math.max(JITTER_MS, JITTER_SHARE * minRtt);
    if (!queues && this.#lossShare <= RANDOM_LOSS) return window;
    const path = this.#rate * minRtt;
    return Math.max(window / 2, Math.min(window, Number.isFinite(path) ? path : 0));
  }

  /** Another path: what was measured does not hold there. */
  clear(): void {
    this.#since = null;
    this.#bytes = this.#rate = this.#lossShare = 0;
  }
}
