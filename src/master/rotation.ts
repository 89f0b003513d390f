/**
 * When the fleet's key is replaced: after `publish_session`, when a key was deleted, and when the drop
 * file `<cachedir>/.dfn` asks for it. (`salt/master.py:Maintenance.handle_key_rotate`)
 * @module
 */
import { stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { Crypticle } from "../crypt/mod.ts";
import { messageOf } from "../errors.ts";
import type { EventBusServer } from "../event/mod.ts";
import { getLogger } from "../logging/mod.ts";
import type { FleetKey } from "./fleet_key.ts";
import type { WorkerPool } from "./workers.ts";

const log = getLogger("saltx.master");

/** What rotating touches. */
export interface RotationParts {
  cachedir: string;
  /** s; 0 turns the timed rotation off. */
  publishSession: number;
  fleet: FleetKey;
  pool: WorkerPool;
  bus: EventBusServer;
  /** Makes minions notice at once (`ping_on_rotate`); null leaves it to the next publication. */
  ping: (() => void) | null;
  /** A new key is in force. */
  onRotated?(key: string): void;
}

/** Rotations one after the other; several wishes while one is under way become one. */
export class Rotation {
  readonly #parts: RotationParts;
  #since = Date.now();
  #running: Promise<void> | null = null;
  #again: string | null = null;

  constructor(parts: RotationParts) {
    this.#parts = parts;
  }

  /** Puts a new key in force: first with the workers, so that none refuses who signs in for it. */
  rotate(reason: string): Promise<void> {
    if (this.#running) {
      this.#again = reason;
      return this.#running;
    }
    this.#running = this.#rotate(reason).finally(() => {
      this.#running = null;
      const next = this.#again;
      this.#again = null;
      if (next !== null) this.rotate(next);
    });
    return this.#running;
  }

  /** Looks whether it is time, or a drop file asks. */
  async check(): Promise<void> {
    const { publishSession } = this.#parts;
    if (await this.#takeDropFile()) await this.rotate("a drop file asks for it");
    else if (publishSession > 0 && Date.now() - this.#since > publishSession * 1000) {
      await this.rotate(`it has been in force for ${publishSession} s`);
    }
  }

  async #rotate(reason: string): Promise<void> {
    log.info(`Rotating the session key: ${reason}`);
    const key = Crypticle.generateKeyString();
    await this.#put(key);
    this.#parts.onRotated?.(key);
  }

  /** Puts the key of another master into force. */
  async adopt(key: string): Promise<void> {
    log.info("Taking the session key that another master has put into force");
    await this.#put(key);
  }

  async #put(key: string): Promise<void> {
    await this.#parts.pool.setFleetKey(key);
    this.#parts.fleet.replace(key);
    this.#since = Date.now();
    this.#parts.bus.fire("key", { rotate_aes_key: true });
    this.#parts.ping?.();
  }

  /** Only a file with mode 0400 of the master's own counts. */
  async #takeDropFile(): Promise<boolean> {
    const path = join(this.#parts.cachedir, ".dfn");
    try {
      const info = await stat(path);
      if ((info.mode & 0o777) !== 0o400 || info.uid !== process.getuid?.()) {
        log.error(`${path} has the wrong mode or owner; it does not rotate the session key`);
        return false;
      }
      await unlink(path);
      return true;
    } catch (error) {
      if ((error as { code?: string }).code !== "ENOENT") {
        log.error(`${path} cannot be read: ${messageOf(error)}`);
      }
      return false;
    }
  }
}
