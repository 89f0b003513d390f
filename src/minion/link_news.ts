/**
 * Whether commands of a master arrive, and what the minion's bus is told when that changes.
 * @module
 */
import { getLogger } from "../logging/mod.ts";
import type { DataMap } from "../types/mod.ts";

const log = getLogger("saltx.minion");

/** The state of a link; the bus hears of a loss, and of the end of one that it heard of. */
export class LinkNews {
  readonly #fire: (tag: string, data: DataMap) => void;
  #connected = false;
  /** Whether the bus is to hear that the connection is back. */
  #lost = false;

  constructor(fire: (tag: string, data: DataMap) => void) {
    this.#fire = fire;
  }

  /** Whether commands arrive. */
  get connected(): boolean {
    return this.#connected;
  }

  /** Commands arrive. */
  up(): void {
    this.#connected = true;
  }

  /** Commands arrive no more, as was wanted: nobody needs to hear of it. */
  down(): void {
    this.#connected = false;
  }

  /** Commands arrive no more; with `quiet`, the minion stops and nobody needs to hear of it. */
  lost(master: string, quiet: boolean): void {
    if (!this.#connected) return;
    this.#connected = false;
    this.#lost = true;
    if (quiet) return;
    log.warning(`Connection to master ${master} lost`);
    this.#fire("__master_disconnected", { master });
  }

  /** The minion is ready for commands of this master. */
  found(master: string): void {
    if (!this.#lost) return;
    this.#lost = false;
    this.#fire("__master_connected", { master });
  }
}
