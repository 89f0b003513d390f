/**
 * Where the minions of a master's RAET were, kept for its next start.
 * @module
 */
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { atomicWriteSync } from "../fs/mod.ts";
import type { KnownSession } from "../transport/raet/peer.ts";

/** Below `cachedir`. */
const FILE = "raet_sessions.json";
/** Entries that are read, whatever the file says. */
const MAX_SESSIONS = 100_000;

/** One master's file. What cannot be read counts as nothing: minions come back without it, later. */
export class SessionFile {
  readonly #path: string;
  #written = "";

  constructor(cachedir: string) {
    this.#path = join(cachedir, FILE);
  }

  read(): KnownSession[] {
    try {
      const entries = JSON.parse(readFileSync(this.#path, "utf8"));
      if (!Array.isArray(entries)) return [];
      return entries.slice(0, MAX_SESSIONS).flatMap((entry) => {
        const [cid, host, port] = Array.isArray(entry) ? entry : [];
        const good = /^[0-9a-f]{16}$/.test(cid) && typeof host === "string" &&
          Number.isInteger(port) && port > 0 && port < 65_536;
        return good
          ? [{ cid: new Uint8Array(Buffer.from(cid, "hex")), address: { host, port } }]
          : [];
      });
    } catch {
      return [];
    }
  }

  /** @throws SaltException when it cannot be written. */
  write(sessions: readonly KnownSession[]): void {
    const text = JSON.stringify(sessions.map(({ cid, address: { host, port } }) => {
      return [Buffer.from(cid).toString("hex"), host, port];
    }));
    if (text === this.#written) return;
    atomicWriteSync(this.#path, text, { mode: 0o600, durable: false });
    this.#written = text;
  }
}
