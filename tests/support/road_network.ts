/**
 * A network in this process with a clock that moves only when told: loses, delays, reorders, doubles
 * and spoils datagrams as its weather says, the same way for the same seed.
 * @module
 */
import type { Address } from "../../src/transport/raet/address.ts";
import type { Random } from "./random.ts";

/** What happens to datagrams. Chances from 0 to 100. */
export interface RoadWeather {
  loss?: number;
  duplicate?: number;
  corrupt?: number;
  /** ms each way, and up to so many more. */
  delay?: number;
  jitter?: number;
  /** Longer datagrams vanish. */
  mtu?: number;
  cut?: boolean;
  /** What this host sends vanishes, acknowledgements included. */
  mute?: string;
}

/** A stack without I/O. */
export interface Station {
  receive(packet: Uint8Array, from: Address, now: number): void;
  timer(now: number): number;
  onTimer(now: number): void;
}

interface Flight {
  at: number;
  order: number;
  packet: Uint8Array;
  from: Address;
  to: Address;
}

/** Stations by address, datagrams on their way, and the time in ms. */
export class RoadNetwork {
  readonly #random: Random;
  readonly #stations = new Map<string, Station>();
  #flights: Flight[] = [];
  #order = 0;
  now = 1_000_000;
  weather: RoadWeather;
  /** All that was sent, when somebody listens. */
  onSend: ((packet: Uint8Array, from: Address, to: Address) => void) | null = null;

  constructor(random: Random, weather: RoadWeather = {}) {
    this.#random = random;
    this.weather = weather;
  }

  attach(address: Address, station: Station): void {
    this.#stations.set(key(address), station);
  }

  detach(address: Address): void {
    this.#stations.delete(key(address));
  }

  /** Takes a datagram. */
  send(packet: Uint8Array, from: Address, to: Address): void {
    this.onSend?.(packet, from, to);
    const { loss = 0, duplicate = 0, corrupt = 0, mtu = Infinity, cut = false } = this.weather;
    if (cut || packet.length > mtu || this.weather.mute === from.host) return;
    const copies = this.#random.below(100) < duplicate ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      if (this.#random.below(100) < loss) continue;
      const copy = packet.slice();
      if (this.#random.below(100) < corrupt) {
        copy[this.#random.below(copy.length)]! ^= 1 << this.#random.below(8);
      }
      const { delay = 10, jitter = 0 } = this.weather;
      const at = this.now + delay + (jitter > 0 ? this.#random.below(jitter) : 0);
      this.#flights.push({ at, order: this.#order++, packet: copy, from, to });
    }
  }

  /** Moves on until `done` or for `ms`; false when the time passed first. */
  run(ms: number, done: () => boolean = () => false): boolean {
    const end = this.now + ms;
    for (let steps = 0; !done(); steps++) {
      if (steps > 5_000_000) throw new Error("The network does not come to rest");
      const next = this.#next();
      if (next > end) {
        this.now = end;
        return done();
      }
      this.now = Math.max(this.now, next);
      this.#step();
    }
    return true;
  }

  #next(): number {
    let first = Infinity;
    for (const { at } of this.#flights) first = Math.min(first, at);
    for (const station of this.#stations.values()) {
      first = Math.min(first, station.timer(this.now));
    }
    return first;
  }

  #step(): void {
    const arrived = this.#flights.filter(({ at }) => at <= this.now);
    this.#flights = this.#flights.filter(({ at }) => at > this.now);
    arrived.sort((a, b) => a.at - b.at || a.order - b.order);
    for (const { packet, from, to } of arrived) {
      this.#stations.get(key(to))?.receive(packet, from, this.now);
    }
    for (const station of [...this.#stations.values()]) {
      if (station.timer(this.now) <= this.now) station.onTimer(this.now);
    }
  }
}

function key({ host, port }: Address): string {
  return `${host} ${port}`;
}
