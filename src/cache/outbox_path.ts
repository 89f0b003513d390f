/**
 * Where an outbox is. Apart from the outbox itself, so that who only asks loads no database.
 * @module
 */
import { statSync } from "node:fs";
import { join } from "node:path";

/** The file of an outbox. */
export function outboxPath(cachedir: string): string {
  return join(cachedir, "outbox.db");
}

/** Whether there is one, from now or from an earlier process. */
export function hasOutbox(cachedir: string): boolean {
  return statSync(outboxPath(cachedir), { throwIfNoEntry: false }) !== undefined;
}
