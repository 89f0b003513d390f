/**
 * Users and groups of an LDAP directory: OpenLDAP, Active Directory, FreeIPA. (`salt/auth/ldap.py`)
 *
 * Other than in Salt the password is always checked: `auth_by_group_membership_only` with `anonymous`
 * spares the bind when groups are looked up, and nothing else.
 * @module
 */
import { messageOf } from "../../../errors.ts";
import { getLogger } from "../../../logging/mod.ts";
import { isMap } from "../../../types/mod.ts";
import type { AuthBackend, AuthSettings } from "../types.ts";
import { Directory } from "./directory.ts";
import { groupsOf } from "./groups.ts";
import { escapeDn, escapeFilter, fillIn, type LdapSettings, readSettings } from "./settings.ts";

const log = getLogger("saltx.auth.ldap");

/** The login system `ldap`. */
export const ldap: AuthBackend = {
  async authenticate(user, password, settings) {
    // A bind with a name and no password succeeds, and proves nothing. (RFC 4513, 5.1.2)
    if (user === "" || password === "" || user.includes("\0")) return false;
    return await within(
      settings,
      false,
      (directory, options) => signIn(directory, options, user, password),
    );
  },

  groups: (user, settings, password) =>
    within(settings, [], async (directory, options) => {
      if (!await bindForGroups(directory, options, user, password)) {
        log.error("ldap bind to determine group membership FAILED!");
        return [];
      }
      const found = await groupsOf(directory, options, user);
      log.debug(`User ${user} is a member of groups: ${found.join(", ")}`);
      return found;
    }),

  /** Rules for `ldap(OU=…)` become rules for the computers in there. */
  async expandRules(rules, settings) {
    const named = rules.some((rule) =>
      isMap(rule) && Object.keys(rule).some((key) => searchBase(key) !== null)
    );
    if (!named) return rules;
    return await within(settings, withoutSearches(rules), async (directory, options) => {
      if (!await directory.bind(options.binddn, options.bindpw)) return withoutSearches(rules);
      const expanded: unknown[] = [];
      for (const rule of rules) expanded.push(...await expandRule(directory, options, rule));
      return expanded;
    });
  },
};

/** Works on the directory; what goes wrong is logged and gives `otherwise`. */
async function within<T>(
  settings: AuthSettings,
  otherwise: T,
  work: (directory: Directory, options: LdapSettings) => Promise<T>,
): Promise<T> {
  let directory: Directory | undefined;
  try {
    const options = readSettings(settings);
    directory = await Directory.open(options);
    return await work(directory, options);
  } catch (error) {
    log.error(`external_auth ldap: ${messageOf(error)}`);
    return otherwise;
  } finally {
    await directory?.close();
  }
}

/** Finds the user's entry with the search account, or fills in its name, and signs in as it. */
async function signIn(
  directory: Directory,
  options: LdapSettings,
  user: string,
  password: string,
): Promise<boolean> {
  const binddn = fillIn("binddn", options.binddn, user, escapeDn);
  if (binddn === "") {
    log.error("external_auth ldap: auth.ldap.binddn is missing");
    return false;
  }
  if (options.bindpw === "") return await directory.bind(binddn, password);
  if (!await directory.bind(binddn, options.bindpw)) {
    log.error(`external_auth ldap: ${directory.url} refuses auth.ldap.binddn ${binddn}`);
    return false;
  }
  if (options.filter === "") {
    log.error("external_auth ldap: auth.ldap.filter is missing, which finds a user's entry");
    return false;
  }
  const found = await directory.search({
    base: options.basedn,
    scope: options.scope,
    filter: fillIn("filter", options.filter, user, escapeFilter),
    attributes: ["1.1"],
  });
  if (found.length !== 1) {
    log.warning(
      found.length === 0
        ? `Unable to find user ${user}`
        : `LDAP lookup found multiple results for user ${user}`,
    );
    return false;
  }
  return await directory.bind(found[0]!.dn, password);
}

async function bindForGroups(
  directory: Directory,
  options: LdapSettings,
  user: string,
  password: string,
): Promise<boolean> {
  if (options.binddn !== "" && options.bindpw !== "") {
    return await directory.bind(fillIn("binddn", options.binddn, user, escapeDn), options.bindpw);
  }
  return options.anonymousGroups || await signIn(directory, options, user, password);
}

/** The base of `ldap(OU=…)`; null for any other target. */
function searchBase(target: string): string | null {
  return /^ldap\((.*)\)$/.exec(target)?.[1] ?? null;
}

/** A rule that cannot be looked up allows nothing. */
function withoutSearches(rules: readonly unknown[]): readonly unknown[] {
  return rules.flatMap((rule) => {
    if (!isMap(rule)) return [rule];
    return Object.entries(rule).filter(([target]) => searchBase(target) === null)
      .map(([target, functions]) => ({ [target]: functions }));
  });
}

async function expandRule(
  directory: Directory,
  options: LdapSettings,
  rule: unknown,
): Promise<unknown[]> {
  if (!isMap(rule)) return [rule];
  const rules: unknown[] = [];
  for (const [target, functions] of Object.entries(rule)) {
    const base = searchBase(target);
    if (base === null) rules.push({ [target]: functions });
    else {
      const ids = await computers(directory, options, base);
      rules.push(...ids.map((id) => ({ [`L@${id}`]: functions })));
    }
  }
  return rules;
}

/** Minion ids of the computers below a base. */
async function computers(
  directory: Directory,
  options: LdapSettings,
  base: string,
): Promise<string[]> {
  const found = await directory.search({
    base,
    scope: "sub",
    filter: "(objectClass=computer)",
    attributes: ["cn"],
  });
  return found.flatMap((entry) => entry.values("cn").slice(0, 1)).map((name) => {
    const id = name.toLowerCase();
    const domain = options.stripdomains.find((one) => one !== "" && id.endsWith(one));
    return domain === undefined ? id : id.slice(0, -domain.length);
  }).filter((id) => !/[\s,]/.test(id));
}
