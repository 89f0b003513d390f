/**
 * Frames other than data that have to arrive: each is sent until a packet with it is acknowledged.
 * @module
 */
import type { SentItem } from "./recovery.ts";
import type { Writer } from "./wire.ts";

interface Control {
  size: number;
  write: (w: Writer) => void;
  /** Rises with each change, so that an acknowledgement of an old value does not count. */
  version: number;
}

/** The latest value of each control frame, by a key. */
export class Controls {
  readonly #current = new Map<string, Control>();
  readonly #due = new Set<string>();

  get isEmpty(): boolean {
    return this.#due.size === 0;
  }

  /** Sends a frame, and with it replaces an earlier one of that key. `size`: bytes it needs at most. */
  set(key: string, size: number, write: (w: Writer) => void): void {
    const version = (this.#current.get(key)?.version ?? 0) + 1;
    this.#current.set(key, { size, write, version });
    this.#due.add(key);
  }

  /** Sends a frame no more. */
  drop(key: string): void {
    this.#current.delete(key);
    this.#due.delete(key);
  }

  /** Whether a frame is still to be sent or acknowledged. */
  has(key: string): boolean {
    return this.#current.has(key);
  }

  /** Adds what is due and fits. */
  fill(w: Writer, items: SentItem[]): void {
    for (const key of this.#due) {
      const control = this.#current.get(key)!;
      if (control.size > w.room) continue;
      control.write(w);
      this.#due.delete(key);
      const { version } = control;
      const isCurrent = () => this.#current.get(key)?.version === version;
      items.push({
        acked: () => isCurrent() && this.drop(key),
        lost: () => isCurrent() && this.#due.add(key),
      });
    }
  }

  clear(): void {
    this.#current.clear();
    this.#due.clear();
  }
}
