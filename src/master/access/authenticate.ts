/**
 * Who asks on the clear channel: by a local key, a token, or a login.
 * (`salt/auth/__init__.py:LoadAuth`, `salt/master.py:ClearFuncs._prep_auth_info`)
 * @module
 */
import type { MasterOpts } from "../../config/mod.ts";
import { AuthenticationError, AuthorizationError } from "../../errors.ts";
import { getLogger } from "../../logging/mod.ts";
import { authBackend } from "../../plugins/auth/mod.ts";
import { globMatch } from "../../text/glob.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";
import { sameKey } from "../local_keys.ts";
import { type AuthList, nameMatches, rulesFor } from "./acl.ts";
import type { LoginLimit } from "./login_limit.ts";
import type { Token, TokenStore } from "./tokens.ts";

const log = getLogger("saltx.access");

/** Who asked, once that is sure. */
export interface Operator {
  /** As jobs show it: `root`, `sudo_ann`, `ann`. */
  user: string;
  /** What is allowed; null is everything. */
  rules: AuthList | null;
}

/** What the decision rests on. */
export interface AccessParts {
  opts: MasterOpts;
  /** User to local key. */
  localKeys: Readonly<Record<string, string>>;
  tokens: TokenStore;
  logins: LoginLimit;
}

/** Fields that must reach no cache, event or minion. */
const CREDENTIALS = ["key", "token", "eauth", "username", "password", "sharedsecret"];

/**
 * Checks the credentials in `load` (and, for `publish`, in its `kwargs`) and takes them out of both.
 * @throws {AuthenticationError} without saying which part was wrong.
 */
export async function authenticate(load: DataMap, parts: AccessParts): Promise<Operator> {
  const kwargs = isMap(load["kwargs"]) ? load["kwargs"] : {};
  const given: DataMap = { ...load, ...pick(kwargs) };
  for (const name of CREDENTIALS) {
    delete load[name];
    delete kwargs[name];
  }
  if (given["token"] !== undefined) return await byToken(given, parts);
  if (given["eauth"] !== undefined) return await byLogin(given, parts);
  return byLocalKey(given, parts);
}

/** Logs in and makes a token. @throws {AuthenticationError} */
export async function makeToken(load: DataMap, parts: AccessParts): Promise<Token> {
  const { name, eauth, groups } = await login(load, parts);
  const { opts } = parts;
  const wanted = Number(load["token_expire"]);
  const custom = Number.isFinite(wanted) && wanted > 0 && mayChooseExpiry(opts, eauth, name);
  return parts.tokens.make({ name, eauth, groups }, custom ? wanted : opts.token_expire);
}

function byLocalKey(load: DataMap, parts: AccessParts): Operator {
  const { opts, localKeys } = parts;
  const user = typeof load["user"] === "string" ? load["user"] : opts.user;
  const master = localKeys[opts.user];
  if (user === opts.user || user === "root" || user.startsWith("sudo_")) {
    if (!sameKey(load["key"], master)) throw failure("user", user);
    const sudo = user.startsWith("sudo_") ? user.slice("sudo_".length) : null;
    if (sudo === null || !opts.sudo_acl || Object.keys(opts.publisher_acl).length === 0) {
      return { user, rules: null };
    }
    return { user, rules: publisherRules(opts, sudo) };
  }
  const own = Object.hasOwn(localKeys, user) ? localKeys[user] : undefined;
  if (!sameKey(load["key"], own)) throw failure("user", user);
  return { user, rules: publisherRules(opts, user) };
}

function publisherRules(opts: MasterOpts, user: string): AuthList {
  const rules = Object.entries(opts.publisher_acl)
    .filter(([who]) => nameMatches(who, user))
    .flatMap(([, list]) => Array.isArray(list) ? list : [list]);
  if (rules.length === 0) throw failure("user", user);
  return rules;
}

async function byToken(load: DataMap, parts: AccessParts): Promise<Operator> {
  const token = parts.tokens.get(load["token"]);
  if (token === null || !Object.hasOwn(parts.opts.external_auth, token.eauth)) {
    throw failure("token", "");
  }
  const groups = Array.isArray(token["groups"]) ? token["groups"].map(String) : [];
  const rules = await eauthRules(parts.opts, token.eauth, token.name, groups);
  return { user: token.name, rules };
}

async function byLogin(load: DataMap, parts: AccessParts): Promise<Operator> {
  const { name, eauth, groups } = await login(load, parts);
  return { user: name, rules: await eauthRules(parts.opts, eauth, name, groups) };
}

async function login(
  load: DataMap,
  parts: AccessParts,
): Promise<{ name: string; eauth: string; groups: string[] }> {
  const { eauth, username, password } = load;
  if (!parts.logins.mayTry()) {
    log.warning("Too many failed logins; further ones are refused for a moment");
    throw failure("eauth", typeof username === "string" ? username : "");
  }
  const known = typeof eauth === "string" && Object.hasOwn(parts.opts.external_auth, eauth);
  const backend = known ? authBackend(eauth) : undefined;
  if (known && !backend) log.error(`external_auth: the login system '${eauth}' is not built in`);
  const good = backend !== undefined && typeof username === "string" &&
    typeof password === "string" && await backend.authenticate(username, password, parts.opts);
  if (!good) {
    parts.logins.failed();
    throw failure("eauth", typeof username === "string" ? username : "");
  }
  const groups = await backend.groups(username as string, parts.opts, password as string);
  return { name: username as string, eauth: eauth as string, groups };
}

async function eauthRules(
  opts: MasterOpts,
  eauth: string,
  name: string,
  groups: string[],
): Promise<AuthList> {
  const config = opts.external_auth[eauth];
  const rules = isMap(config) ? rulesFor(config, name, groups, opts.permissive_acl) : [];
  return await authBackend(eauth)?.expandRules?.(rules, opts) ?? rules;
}

function mayChooseExpiry(opts: MasterOpts, eauth: string, name: string): boolean {
  const override = opts.token_expire_user_override as unknown;
  if (override === true) return true;
  const users = isMap(override) ? override[eauth] : undefined;
  return Array.isArray(users) && users.includes(name);
}

/**
 * Refuses users and functions that `publisher_acl_blacklist` names, whoever asks.
 * @throws {AuthorizationError}
 */
export function checkBlacklist(opts: MasterOpts, user: string, funs: readonly string[]): void {
  const { users, modules } = opts.publisher_acl_blacklist as { users?: Data; modules?: Data };
  const refused = patterns(users).some((pattern) => nameMatches(pattern, user)) ||
    funs.some((fun) =>
      patterns(modules).some((one) => globMatch(one, fun) || nameMatches(one, fun))
    );
  if (!refused) return;
  log.error(
    `${user} does not have permissions to run ${funs.join(", ")} (publisher_acl_blacklist)`,
  );
  throw new AuthorizationError("Authorization error occurred.");
}

function patterns(value: Data | undefined): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function pick(map: DataMap): DataMap {
  return Object.fromEntries(
    CREDENTIALS.filter((n) => map[n] !== undefined).map((n) => [n, map[n]!]),
  );
}

function failure(kind: "user" | "token" | "eauth", user: string): AuthenticationError {
  log.warning(`Authentication failure of type "${kind}" occurred${user ? ` for ${user}` : ""}.`);
  return new AuthenticationError("Authentication error occurred.");
}
