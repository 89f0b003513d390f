/**
 * What an operator has laid down about new keys: files that accept or reject by id or by grains.
 * (`salt/daemons/masterapi.py:AutoKey`)
 * @module
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../errors.ts";
import type { Logger } from "../logging/mod.ts";
import { globMatch } from "../text/glob.ts";
import { compilePattern, PatternError } from "../text/pcre/mod.ts";
import type { Data, DataMap } from "../types/mod.ts";
import { codeOf, removeKeyFile } from "./key_files.ts";
import type { KeyStoreOptions } from "./options.ts";
import { AUTOSIGN_FOLDER } from "./states.ts";

/** The lines of a signing file as last read. */
interface SigningFile {
  mtimeMs: number;
  size: number;
  lines: string[];
}

const DEFAULT_TIMEOUT_MINUTES = 120;

/** Asks the files anew at each question; what was read is kept until a file changes. */
export class AutoKey {
  readonly #options: KeyStoreOptions;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #files = new Map<string, SigningFile>();

  constructor(options: KeyStoreOptions, log: Logger, now: () => number = Date.now) {
    this.#options = options;
    this.#log = log;
    this.#now = now;
  }

  /** Whether `autoreject_file` names this id. */
  rejects(id: string): boolean {
    return this.#listed(id, this.#options.autoreject_file);
  }

  /** Whether a new key of this id is accepted unseen. Uses up a one-shot file if that decides. */
  signs(id: string, grains: DataMap | undefined): boolean {
    return this.#options.auto_accept === true ||
      this.#listed(id, this.#options.autosign_file) ||
      this.takeOneShot(id) ||
      this.#grainsMatch(grains);
  }

  /** Removes the file of this id in `minions_autosign`, and those too old. True: it was there, and young enough. */
  takeOneShot(id: string): boolean {
    const folder = join(this.#options.pki_dir, AUTOSIGN_FOLDER);
    try {
      this.#expire(folder);
      return removeKeyFile(join(folder, id));
    } catch (error) {
      if (codeOf(error) === "ENOENT") return false;
      this.#log.error(`Cannot use "${folder}" for "${id}": ${messageOf(error)}`);
      return false;
    }
  }

  #expire(folder: string): void {
    const minutes = this.#options.autosign_timeout ?? DEFAULT_TIMEOUT_MINUTES;
    const names = readdirSync(folder);
    if (minutes <= 0) return;
    const oldest = this.#now() - minutes * 60_000;
    for (const name of names) {
      const stat = statSync(join(folder, name), { throwIfNoEntry: false });
      if (!stat?.isFile() || stat.mtimeMs >= oldest) continue;
      this.#log.warning(`The autosign file of "${name}" is older than ${minutes} minutes`);
      removeKeyFile(join(folder, name));
    }
  }

  #listed(id: string, path: string | null | undefined): boolean {
    if (!path) return false;
    return this.#lines(path).some((line) => matchesLine(id, line));
  }

  #grainsMatch(grains: DataMap | undefined): boolean {
    const folder = this.#options.autosign_grains_dir;
    if (!folder || !grains) return false;
    for (const [grain, value] of Object.entries(grains)) {
      if (grain.startsWith(".") || /[/\\\0]/.test(grain)) continue;
      const wanted = grainText(value);
      if (wanted !== null && this.#lines(join(folder, grain)).includes(wanted)) return true;
    }
    return false;
  }

  /** The rules in a file; none when it is missing, unreadable or may be written by the wrong people. */
  #lines(path: string): string[] {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat?.isFile()) return [];
    if (!this.#trusted(stat.mode, stat.gid)) {
      this.#log.warning(
        `Wrong permissions for "${path}", its content is ignored: see that only ` +
          `the master's user may write it`,
      );
      return [];
    }
    const known = this.#files.get(path);
    if (known && known.mtimeMs === stat.mtimeMs && known.size === stat.size) return known.lines;
    try {
      const lines = parseSigningFile(readFileSync(path, "utf8"));
      this.#files.set(path, { mtimeMs: stat.mtimeMs, size: stat.size, lines });
      return lines;
    } catch (error) {
      this.#log.error(`Cannot read "${path}", its content is ignored: ${messageOf(error)}`);
      return [];
    }
  }

  /** Others may never write; a group only with `permissive_pki_access` and, for root, one that root is in. */
  #trusted(mode: number, gid: number): boolean {
    if ((mode & 0o002) !== 0) return false;
    if ((mode & 0o020) === 0) return true;
    if (this.#options.permissive_pki_access !== true) return false;
    return process.getuid?.() !== 0 || (process.getgroups?.().includes(gid) ?? false);
  }
}

/** The rules of a signing file: its lines without outer blanks, comments and empty ones. */
export function parseSigningFile(text: string): string[] {
  return text.split(/\r\n|\r|\n/).map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** Whether a rule covers an id: as it stands, as a shell glob or as a regular expression for all of it. (`salt/utils/stringutils.py:expr_match`) */
export function matchesLine(id: string, rule: string): boolean {
  if (globMatch(rule, id)) return true;
  try {
    return compilePattern(rule).fullmatch(id) !== null;
  } catch (error) {
    // Most globs are no regular expressions; a rule that is neither covers nothing.
    if (error instanceof PatternError) return false;
    throw error;
  }
}

/** A grain's value as it must stand on a line. Salt compares text only. */
function grainText(value: Data): string | null {
  return typeof value === "string" ? value : null;
}
