/**
 * What follows when no session with a master comes about, or one ends.
 * (`salt/minion.py:MinionBase.eval_master, MinionManager._connect_minion`)
 * @module
 */
import { AuthenticationError, EX, messageOf } from "../errors.ts";
import { getLogger } from "../logging/mod.ts";
import type { MasterChoice } from "./master_choice.ts";

const log = getLogger("saltx.minion");

/** Exit codes with which a refusal ends a minion: trying again would not help. */
const FATAL: readonly number[] = [EX.NOPERM, EX.MASTER_KEY];

/** Goes from master to master, says so, and knows when to wait and when to give up. */
export class Attempts {
  readonly #choice: MasterChoice;
  readonly #tries: number;
  #rounds = 0;

  /** @param tries `master_tries` */
  constructor(choice: MasterChoice, tries: number) {
    this.#choice = choice;
    this.#tries = Math.max(1, tries);
  }

  /** A session stands. */
  worked(): void {
    this.#choice.worked();
    this.#rounds = 0;
  }

  /**
   * A session failed.
   * @returns whether to wait before the next one.
   * @throws the refusal, when no master will ever take this minion.
   */
  failed(error: unknown): boolean {
    const { name } = this.#choice.current;
    const fatal = error instanceof AuthenticationError && FATAL.includes(error.exitCode);
    if (!this.#choice.hasOthers) {
      if (fatal) throw error;
      log.error(
        `Error while bringing up minion. Is master at ${name} responding? The error ` +
          `message was ${messageOf(error)}`,
        error instanceof AuthenticationError ? undefined : error,
      );
      return true;
    }
    const all = this.#choice.failed(fatal ? error : undefined);
    log.warning(
      `Master ${name} could not be reached, trying next master ` +
        `(${this.#choice.current.name}): ${messageOf(error)}`,
    );
    if (!all) return false;
    const { refusal } = this.#choice;
    if (refusal !== undefined) throw refusal;
    this.#rounds += 1;
    if (this.#rounds === this.#tries) {
      log.error(
        "No master could be reached or all masters denied the minion's connection attempt.",
      );
    }
    return true;
  }
}
