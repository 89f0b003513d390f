/**
 * What was sent and not yet acknowledged: round-trip time, loss, probes, congestion and pacing.
 *
 * RFC 9002 with the constants of docs/raet.md, section 10.2, and two things that learn: the threshold
 * for reordering, which a packet raises that was declared lost and is acknowledged later; and the
 * window after a loss, which is what the path has delivered, not half of it where it lost at random.
 * @module
 */
import { Delivery } from "./delivery.ts";
import type { AckFrame } from "./frames.ts";

/** What a packet carried and has to know about its fate. */
export interface SentItem {
  acked(): void;
  lost(): void;
}

export interface SentPacket {
  readonly number: number;
  /** ms */
  readonly time: number;
  readonly size: number;
  /** Whether the peer has to acknowledge it. */
  readonly eliciting: boolean;
  readonly items: readonly SentItem[];
  /** Sent at the small size to find out whether large packets vanish. */
  readonly narrow: boolean;
}

/** Figures of a session. Times in ms, the rest in bytes and counts. */
export interface RecoveryStats {
  lost: number;
  spurious: number;
  probes: number;
}

const INITIAL_RTT = 333;
const GRANULARITY = 10;
/** ms by which a peer may delay an acknowledgement. */
export const MAX_ACK_DELAY = 25;
const MAX_PTO = 10_000;
const EPSILON = 1e-6;
const INITIAL_WINDOW = 10;
const MAX_PACKET_THRESHOLD = 256;
const MAX_TIME_THRESHOLD = 2;
/** Packets that may leave at once, and the most where the pace is so high that timers are coarser. */
const BURST = 10;
const MAX_BURST = 64;
/** ms of the pace that may leave at once. */
const BURST_MS = 2;
/** Large packets in a row that must be lost before the path counts as narrow. */
const NARROW_AFTER = 6;

/** The sender's side of one session's packet numbers. */
export class Recovery {
  readonly stats: RecoveryStats = { lost: 0, spurious: 0, probes: 0 };
  readonly #sent = new Map<number, SentPacket>();
  /** Declared lost a short while ago. */
  readonly #late = new Map<number, { at: number; size: number }>();
  readonly #minWindow: number;
  readonly #delivery = new Delivery();
  #packet: number;
  #srtt = INITIAL_RTT;
  #rttvar = INITIAL_RTT / 2;
  #minRtt = Infinity;
  #latest = 0;
  #sampled = false;
  #largestAcked = -1;
  #lossTime: number | null = null;
  #lastEliciting = 0;
  #elicitingInFlight = 0;
  #packetThreshold = 3;
  #timeThreshold = 9 / 8;
  #recoveryStart = -Infinity;
  #recoveryLost = 0;
  #before: { window: number; threshold: number } | null = null;
  #threshold = Infinity;
  #budget: number;
  #budgetAt: number;
  #largeLostInRow = 0;
  ptoCount = 0;
  window: number;
  inFlight = 0;

  /** @param packet bytes of a full packet. @param minWindow in packets. */
  constructor(packet: number, now: number, minWindow = 10) {
    this.#packet = packet;
    this.#minWindow = minWindow;
    this.window = INITIAL_WINDOW * packet;
    this.#budget = BURST * packet;
    this.#budgetAt = now;
  }

  get srtt(): number {
    return this.#srtt;
  }

  get rttvar(): number {
    return this.#rttvar;
  }

  /** Infinity before the first sample. */
  get minRtt(): number {
    return this.#minRtt;
  }

  /** ms from the last packet to a probe. */
  get pto(): number {
    const once = this.#srtt + Math.max(4 * this.#rttvar, GRANULARITY) + MAX_ACK_DELAY;
    return Math.min(MAX_PTO, once * 2 ** Math.min(this.ptoCount, 10));
  }

  get awaitsAck(): boolean {
    return this.#elicitingInFlight > 0;
  }

  /** Whether so many large packets vanished while small ones came through that the path is narrow. */
  get looksNarrow(): boolean {
    return this.#largeLostInRow >= NARROW_AFTER;
  }

  /** The path's packet size changed. */
  setPacketSize(size: number): void {
    this.#packet = size;
    this.#largeLostInRow = 0;
  }

  /** A round trip that was measured otherwise. */
  seedRtt(ms: number): void {
    if (!this.#sampled) this.#sample(ms, 0);
  }

  /** Another path: what was measured does not hold there. */
  restart(now: number): void {
    this.#srtt = INITIAL_RTT;
    this.#rttvar = INITIAL_RTT / 2;
    this.#minRtt = Infinity;
    this.#sampled = false;
    this.#delivery.clear();
    this.window = INITIAL_WINDOW * this.#packet;
    this.#threshold = Infinity;
    this.#before = null;
    this.#budgetAt = now;
    this.ptoCount = 0;
  }

  onSent(packet: SentPacket): void {
    if (!packet.eliciting) return;
    this.#sent.set(packet.number, packet);
    this.#elicitingInFlight += 1;
    this.inFlight += packet.size;
    this.#lastEliciting = packet.time;
    this.#refill(packet.time);
    this.#budget -= packet.size;
  }

  /** Whether window and pace let a full packet go now. */
  canSend(now: number): boolean {
    if (this.inFlight + this.#packet > this.window) return false;
    this.#refill(now);
    return this.#budget >= this.#packet - EPSILON;
  }

  /** When the pace lets the next packet go; null when the window does not. */
  paceTime(now: number): number | null {
    if (this.inFlight + this.#packet > this.window) return null;
    this.#refill(now);
    const missing = this.#packet - this.#budget;
    // No clock that wakes us is finer, and less could vanish when added to a large number.
    return missing <= EPSILON ? now : now + Math.max(1, missing / this.#rate());
  }

  /** Bytes a ms. */
  #rate(): number {
    return 1.25 * this.window / Math.max(this.#srtt, 1);
  }

  #refill(now: number): void {
    if (now <= this.#budgetAt) return;
    const more = (now - this.#budgetAt) * this.#rate();
    const burst = Math.min(MAX_BURST * this.#packet, BURST_MS * this.#rate());
    this.#budget = Math.min(Math.max(BURST * this.#packet, burst), this.#budget + more);
    this.#budgetAt = now;
  }

  /**
   * Takes an ACK.
   * @returns the packets that it acknowledges for the first time; null when it names one that was
   * never sent, which is the peer's defect.
   */
  onAck(ack: AckFrame, nextNumber: number, now: number, limited: boolean): SentPacket[] | null {
    const largest = ack.ranges[0]!.end - 1;
    if (largest >= nextNumber) return null;
    const acked = this.#takeAcked(ack);
    this.#noteLate(ack, now);
    if (acked.length === 0) return acked;
    // As much was under way while these were: a window that is not used says nothing about the path.
    const used = this.inFlight + acked.reduce((sum, { size }) => sum + size, 0);
    const newest = acked.reduce((a, b) => a.number > b.number ? a : b);
    this.#largestAcked = Math.max(this.#largestAcked, largest);
    if (newest.number === largest) this.#sample(now - newest.time, ack.delay);
    this.ptoCount = 0;
    this.#delivery.note(acked, now, this.#srtt);
    const grows = !limited && 2 * used >= this.window;
    for (const packet of acked) if (grows) this.#grow(packet);
    this.#detect(now);
    return acked;
  }

  #takeAcked(ack: AckFrame): SentPacket[] {
    const acked: SentPacket[] = [];
    const largest = ack.ranges[0]!.end - 1;
    for (const packet of this.#sent.values()) {
      if (packet.number > largest) break;
      if (ack.ranges.some(({ start, end }) => packet.number >= start && packet.number < end)) {
        acked.push(packet);
      }
    }
    for (const packet of acked) {
      this.#forget(packet);
      if (packet.size > this.#packet / 2) this.#largeLostInRow = 0;
      for (const item of packet.items) item.acked();
    }
    return acked;
  }

  #forget(packet: SentPacket): void {
    this.#sent.delete(packet.number);
    this.#elicitingInFlight -= 1;
    this.inFlight -= packet.size;
  }

  /** Learns from packets that were thought lost, and takes back what that cost. */
  #noteLate(ack: AckFrame, now: number): void {
    for (const [number, { at }] of this.#late) {
      const known = ack.ranges.some(({ start, end }) => number >= start && number < end);
      if (known) {
        this.#late.delete(number);
        this.stats.spurious += 1;
        const distance = Math.max(this.#largestAcked, ack.ranges[0]!.end - 1) - number;
        this.#packetThreshold = Math.min(
          MAX_PACKET_THRESHOLD,
          Math.max(this.#packetThreshold, distance + 2),
        );
        this.#timeThreshold = Math.min(MAX_TIME_THRESHOLD, this.#timeThreshold + 1 / 8);
        if (at >= this.#recoveryStart) this.#recoveryLost -= 1;
        if (this.#recoveryLost <= 0 && this.#before) {
          this.window = Math.max(this.window, this.#before.window);
          this.#threshold = this.#before.threshold;
          this.#before = null;
        }
      } else if (now - at > 3 * this.pto) this.#late.delete(number);
    }
  }

  #sample(rtt: number, delay: number): void {
    this.#latest = rtt;
    this.#minRtt = Math.min(this.#minRtt, rtt);
    if (!this.#sampled) {
      this.#sampled = true;
      this.#srtt = rtt;
      this.#rttvar = rtt / 2;
      return;
    }
    const taken = Math.min(delay, MAX_ACK_DELAY);
    const adjusted = rtt - taken >= this.#minRtt ? rtt - taken : rtt;
    this.#rttvar = 0.75 * this.#rttvar + 0.25 * Math.abs(this.#srtt - adjusted);
    this.#srtt = 0.875 * this.#srtt + 0.125 * adjusted;
  }

  #grow(packet: SentPacket): void {
    if (packet.time <= this.#recoveryStart) return;
    if (this.window < this.#threshold) this.window += packet.size;
    else this.window += this.#packet * packet.size / this.window;
  }

  #detect(now: number): void {
    this.#lossTime = null;
    const delay = Math.max(
      GRANULARITY,
      this.#timeThreshold * Math.max(this.#srtt, this.#latest),
    );
    const lost: SentPacket[] = [];
    for (const packet of this.#sent.values()) {
      if (packet.number > this.#largestAcked) break;
      const old = packet.time + delay <= now + EPSILON;
      if (old || this.#largestAcked - packet.number >= this.#packetThreshold) lost.push(packet);
      else {
        const at = packet.time + delay;
        this.#lossTime = Math.min(this.#lossTime ?? Infinity, at);
      }
    }
    if (lost.length > 0) this.#onLost(lost, now);
  }

  #onLost(lost: SentPacket[], now: number): void {
    for (const packet of lost) {
      this.#forget(packet);
      this.#late.set(packet.number, { at: now, size: packet.size });
      this.stats.lost += 1;
      if (packet.size > this.#packet / 2) this.#largeLostInRow += 1;
      for (const item of packet.items) item.lost();
    }
    this.#delivery.noteLost(lost.length);
    const newest = lost.at(-1)!;
    const oldest = lost[0]!;
    if (newest.time > this.#recoveryStart) {
      this.#before = { window: this.window, threshold: this.#threshold };
      this.#recoveryStart = now;
      this.#recoveryLost = 0;
      const kept = this.#delivery.keptOf(this.window, this.#srtt, this.#minRtt);
      this.#threshold = Math.max(kept, this.#minWindow * this.#packet);
      this.window = this.#threshold;
    }
    this.#recoveryLost += lost.length;
    const persistent = 3 * (this.#srtt + Math.max(4 * this.#rttvar, GRANULARITY) + MAX_ACK_DELAY);
    if (this.#sampled && newest.time - oldest.time > persistent) {
      this.window = this.#minWindow * this.#packet;
    }
  }

  /** When {@linkcode onTimer} has something to do; null while nothing is awaited. */
  timer(): number | null {
    if (this.#lossTime !== null) return this.#lossTime;
    return this.#elicitingInFlight > 0 ? this.#lastEliciting + this.pto : null;
  }

  /** True: it is time for probes. */
  onTimer(now: number): boolean {
    const at = this.timer();
    if (at === null || at > now + EPSILON) return false;
    if (this.#lossTime !== null) {
      this.#detect(now);
      return false;
    }
    this.ptoCount += 1;
    this.stats.probes += 1;
    this.#lastEliciting = now;
    return true;
  }

  /** What the oldest packets carried, to be sent again as a probe. */
  oldest(count: number): SentPacket[] {
    return [...this.#sent.values()].slice(0, count);
  }

  /** Gives up on all: the session has a successor, or ends. */
  loseAll(): void {
    for (const packet of [...this.#sent.values()]) {
      this.#forget(packet);
      for (const item of packet.items) item.lost();
    }
  }
}
