/**
 * Who may command: the local keys, and what `publisher_acl` lets other users do.
 * (`salt/auth/__init__.py:LoadAuth`, `salt/acl`)
 * @module
 */
import { AuthenticationError, AuthorizationError } from "../errors.ts";
import { type Data, type DataMap, isMap } from "../types/mod.ts";
import { sameKey } from "./local_keys.ts";

/** What the decision rests on. */
export interface AccessRules {
  /** The user the master runs as. */
  masterUser: string;
  /** User to local key. */
  localKeys: Readonly<Record<string, string>>;
}

/** Who asked, once that is sure. */
export interface Operator {
  /** As jobs show it: `root`, `sudo_ann`, `ann`. */
  user: string;
  /** Whether everything is allowed. */
  unrestricted: boolean;
}

const REFUSED = 'Authentication failure of type "user" occurred';

/**
 * Checks the local key of a clear load and takes all credentials out of it.
 * @throws {AuthenticationError} without saying which part was wrong.
 */
export function authenticate(load: DataMap, rules: AccessRules): Operator {
  const key = load["key"];
  const user = typeof load["user"] === "string" ? load["user"] : rules.masterUser;
  dropCredentials(load);
  if (user === rules.masterUser || user === "root" || user.startsWith("sudo_")) {
    if (sameKey(key, rules.localKeys[rules.masterUser])) return { user, unrestricted: true };
    throw new AuthenticationError(`${REFUSED}.`);
  }
  if (Object.hasOwn(rules.localKeys, user) && sameKey(key, rules.localKeys[user])) {
    return { user, unrestricted: false };
  }
  throw new AuthenticationError(`${REFUSED}.`);
}

/** @throws {AuthorizationError} when this operator may not run `fun` on the target. */
export function authorise(operator: Operator, fun: Data | undefined): void {
  if (operator.unrestricted) return;
  throw new AuthorizationError(
    `Authorization error occurred: ${operator.user} may not run ${JSON.stringify(fun)}.`,
  );
}

/** Fields that must reach no cache, event or minion. */
const CREDENTIALS = ["key", "token", "eauth", "username", "password"];

function dropCredentials(load: DataMap): void {
  for (const name of CREDENTIALS) delete load[name];
  const kwargs = load["kwargs"];
  if (isMap(kwargs)) { for (const name of CREDENTIALS) delete kwargs[name]; }
}
