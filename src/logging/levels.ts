/**
 * Levels as options name them.
 * @module
 */
import { LOG_LEVELS, type LogLevel } from "./logger.ts";

/** The number of a level name; undefined when there is no such level. */
export function levelNumber(name: string): number | undefined {
  const lower = name.toLowerCase();
  return Object.hasOwn(LOG_LEVELS, lower) ? LOG_LEVELS[lower as LogLevel] : undefined;
}

/**
 * `log_granular_levels` as numbers by logger name. Salt's Python names mean saltx' loggers:
 * `salt` is `saltx`, `salt.master` is `saltx.master`. Names and levels that mean nothing are told
 * to `warn`.
 */
export function granularLevels(
  levels: Readonly<Record<string, unknown>>,
  warn: (message: string) => void,
): Record<string, number> {
  const result: Record<string, number> = {};
  for (const [name, level] of Object.entries(levels)) {
    const levelno = typeof level === "number" ? level : levelNumber(String(level));
    if (levelno === undefined) {
      const known = Object.keys(LOG_LEVELS).join(", ");
      warn(`Cannot use level "${level}" of "log_granular_levels: ${name}": wanted one of ${known}`);
    } else result[name.replace(/^salt(?=\.|$)/, "saltx")] = levelno;
  }
  return result;
}
