/**
 * Who is to be woken when: a heap of times, of which each owner has one that counts.
 * @module
 */

interface Entry<T> {
  at: number;
  owner: T;
}

/** Times by owner. */
export class Timers<T> {
  readonly #heap: Entry<T>[] = [];
  readonly #current = new Map<T, number>();

  /** Sets the owner's time; Infinity takes it out. */
  set(owner: T, at: number): void {
    if (this.#current.get(owner) === at) return;
    if (at === Infinity) {
      this.#current.delete(owner);
      return;
    }
    this.#current.set(owner, at);
    this.#push({ at, owner });
  }

  /** The first time; Infinity when there is none. */
  next(): number {
    this.#clean();
    return this.#heap[0]?.at ?? Infinity;
  }

  /** Takes the owners whose time has come. */
  due(now: number): T[] {
    const owners: T[] = [];
    for (this.#clean(); (this.#heap[0]?.at ?? Infinity) <= now; this.#clean()) {
      const { owner } = this.#pop();
      this.#current.delete(owner);
      owners.push(owner);
    }
    return owners;
  }

  /** Takes out what was replaced since. */
  #clean(): void {
    for (;;) {
      const first = this.#heap[0];
      if (!first || this.#current.get(first.owner) === first.at) return;
      this.#pop();
    }
  }

  #push(entry: Entry<T>): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]!.at <= entry.at) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): Entry<T> {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.at < heap[child]!.at) child += 1;
      if (heap[child]!.at >= last.at) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}
