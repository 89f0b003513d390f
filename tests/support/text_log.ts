/**
 * Text that grows, and waiting for what will stand in it.
 * @module
 */

/** Characters that are kept; of a longer text, the end. */
const MAX_TEXT = 4 << 20;

/** What a program or a bus has said so far. */
export class TextLog {
  readonly name: string;
  #text = "";
  #ended: string | null = null;
  readonly #watchers = new Set<() => void>();

  constructor(name: string) {
    this.name = name;
  }

  get text(): string {
    return this.#text;
  }

  append(text: string): void {
    this.#text = (this.#text + text).slice(-MAX_TEXT);
    this.#tell();
  }

  /** Nothing more will come: `why` says so in errors. */
  end(why: string): void {
    this.#ended = why;
    this.#tell();
  }

  /**
   * Resolves with the first match, in what stands there or will stand there.
   * @throws Error when the text ended or `timeoutMs` passed without.
   */
  async line(pattern: RegExp, timeoutMs = 30_000): Promise<RegExpExecArray> {
    const limit = performance.now() + timeoutMs;
    while (true) {
      const match = pattern.exec(this.#text);
      if (match) return match;
      const left = limit - performance.now();
      if (this.#ended !== null || left <= 0) {
        const why = this.#ended ?? `said nothing like it for ${timeoutMs} ms`;
        throw new Error(`${this.name} ${why}; wanted was ${pattern}`);
      }
      await this.#news(left);
    }
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher();
  }

  #news(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#watchers.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#watchers.add(done);
    });
  }
}
