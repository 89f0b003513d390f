/**
 * Which transports a daemon uses.
 * @module
 */
import { SaltConfigurationError } from "../errors.ts";

const KNOWN = ["zeromq", "raet"] as const;

/** A way for masters and minions to talk. */
export type TransportName = (typeof KNOWN)[number];

/**
 * The transports that the option `transport` names.
 * @throws SaltConfigurationError for one that is not known here, and for none.
 */
export function transportsOf(option: unknown): ReadonlySet<TransportName> {
  const names = Array.isArray(option) ? option : [option];
  for (const name of names) {
    if (KNOWN.includes(name)) continue;
    throw new SaltConfigurationError(
      `Cannot use "${name}" for option "transport": it is one of ${KNOWN.join(", ")}`,
    );
  }
  if (names.length > 0) return new Set(names as TransportName[]);
  throw new SaltConfigurationError('Option "transport" is an empty list');
}

/** The one transport of a minion. @throws SaltConfigurationError when it is not one. */
export function transportOf(option: unknown): TransportName {
  const [name, ...more] = transportsOf(option);
  if (name !== undefined && more.length === 0) return name;
  throw new SaltConfigurationError(
    'A minion has one transport: set option "transport" to its name',
  );
}

/**
 * A number option that is in no table, such as `raet_port`.
 * @throws SaltConfigurationError when it is set to something else.
 */
export function numberOption(
  opts: Readonly<Record<string, unknown>>,
  name: string,
  otherwise: number,
): number {
  const value = opts[name] ?? otherwise;
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  throw new SaltConfigurationError(
    `Cannot use ${JSON.stringify(value)} for option "${name}": wanted a number`,
  );
}
