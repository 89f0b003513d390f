/**
 * The groups of a user, in each of the ways in which directories keep them. (`salt/auth/ldap.py:groups`)
 * @module
 */
import type { Directory } from "./directory.ts";
import { escapeFilter, fillIn, type LdapSettings } from "./settings.ts";

/** Names of the groups; the directory is signed in to. */
export function groupsOf(
  directory: Directory,
  options: LdapSettings,
  user: string,
): Promise<string[]> {
  if (options.activedirectory) return activeDirectoryGroups(directory, options, user);
  return options.freeipa
    ? freeIpaGroups(directory, options, user)
    : openLdapGroups(directory, options, user);
}

/** The value of the first part of a name: `web` of `cn=web,ou=Groups,dc=example`. */
function firstValue(dn: string): string {
  const first = dn.split(",")[0]!;
  return first.slice(first.lastIndexOf("=") + 1);
}

/** `(&(attribute=value)(objectClass=kind))` */
function both(attribute: string, value: string, kind: string): string {
  return `(&(${attribute}=${escapeFilter(value)})(objectClass=${kind}))`;
}

async function activeDirectoryGroups(
  directory: Directory,
  options: LdapSettings,
  user: string,
): Promise<string[]> {
  const { accountattributename, persontype, basedn: base, groupclass } = options;
  const filter = both(accountattributename, user, persontype);
  const attributes = ["distinguishedName"];
  const [person] = await directory.search({ base, scope: "sub", filter, attributes });
  if (!person) return [];
  const groups = await directory.search({
    base,
    scope: "sub",
    filter: both("member", person.dn, groupclass),
    attributes: ["cn"],
  });
  return groups.flatMap((group) => group.values("cn").slice(0, 1));
}

async function freeIpaGroups(
  directory: Directory,
  options: LdapSettings,
  user: string,
): Promise<string[]> {
  const { accountattributename, groupattribute } = options;
  const groups = await directory.search({
    base: options.group_basedn,
    scope: "sub",
    filter: fillIn("group_filter", options.group_filter, user, escapeFilter),
    attributes: [accountattributename, groupattribute, "cn"],
  });
  return groups.filter((group) =>
    [...group.values(accountattributename), ...group.values(groupattribute)]
      .some((member) => firstValue(member) === user)
  ).map((group) => firstValue(group.dn));
}

/** Groups that name the user, and those that the user's own entry names. */
async function openLdapGroups(
  directory: Directory,
  options: LdapSettings,
  user: string,
): Promise<string[]> {
  const { accountattributename, groupattribute, groupou, basedn } = options;
  const found = await directory.search({
    base: groupou === "" ? basedn : `ou=${groupou},${basedn}`,
    scope: "sub",
    filter: both(accountattributename, user, options.groupclass),
    attributes: [accountattributename, "cn", groupattribute],
  });
  const naming = found.filter((entry) => entry.values(accountattributename).includes(user))
    .flatMap((entry) => entry.values("cn").slice(0, 1));
  const named = found.filter((entry) => firstValue(entry.dn) === user)
    .flatMap((entry) => entry.values(groupattribute).map(firstValue));
  return [...naming, ...named];
}
