/**
 * What the master's options say of an LDAP directory: `auth.ldap.*`, with Salt's names and defaults.
 * (`salt/auth/ldap.py`)
 * @module
 */
import type { AuthSettings } from "../types.ts";

/** How to reach the directory and where to look in it. */
export interface LdapSettings {
  /** Tried in their order. */
  readonly urls: readonly string[];
  readonly starttls: boolean;
  /** Any certificate will do. */
  readonly noVerify: boolean;
  readonly basedn: string;
  readonly scope: "base" | "one" | "sub";
  /** May hold `{{ username }}`. */
  readonly binddn: string;
  readonly bindpw: string;
  /** Finds a user's entry; may hold `{{ username }}`. */
  readonly filter: string;
  /** Groups may be looked up without a bind. */
  readonly anonymousGroups: boolean;
  readonly groupou: string;
  readonly groupclass: string;
  readonly accountattributename: string;
  readonly groupattribute: string;
  readonly persontype: string;
  readonly activedirectory: boolean;
  readonly freeipa: boolean;
  readonly group_basedn: string;
  readonly group_filter: string;
  readonly stripdomains: readonly string[];
}

/** The options do not fit together; the message names them. */
export class LdapSettingsError extends Error {
  override name = "LdapSettingsError";
}

const SCOPES = ["base", "one", "sub"] as const;

/** @throws LdapSettingsError */
export function readSettings(settings: AuthSettings): LdapSettings {
  const value = (name: string): unknown => settings[`auth.ldap.${name}`];
  const text = (name: string, otherwise = "") => String(value(name) ?? otherwise);
  const flag = (name: string) => value(name) === true;
  const [starttls, tls] = [flag("starttls"), flag("tls")];
  if (starttls && tls) {
    throw new LdapSettingsError("auth.ldap.starttls and auth.ldap.tls exclude each other");
  }
  const scope = SCOPES[Number(value("scope") ?? 2)];
  if (!scope) throw new LdapSettingsError("auth.ldap.scope: wanted 0, 1 or 2");
  const host = `${text("server", "localhost")}:${text("port", "389")}`;
  const urls = text("uri", "").split(/[\s,]+/).filter((url) => url !== "");
  const wrong = urls.find((url) => !/^ldaps?:\/\/[^/]+\/?$/i.test(url));
  if (wrong) throw new LdapSettingsError(`auth.ldap.uri: '${wrong}' is no ldap:// or ldaps:// URL`);
  const domains = value("minion_stripdomains");
  return {
    urls: urls.length > 0 ? urls : [`${tls ? "ldaps" : "ldap"}://${host}`],
    starttls,
    noVerify: flag("no_verify"),
    basedn: text("basedn"),
    scope,
    binddn: text("binddn"),
    bindpw: text("bindpw"),
    filter: text("filter"),
    anonymousGroups: flag("auth_by_group_membership_only") && flag("anonymous"),
    groupou: text("groupou", "Groups"),
    groupclass: text("groupclass", "posixGroup"),
    accountattributename: text("accountattributename", "memberUid"),
    groupattribute: text("groupattribute", "memberOf"),
    persontype: text("persontype", "person"),
    activedirectory: flag("activedirectory"),
    freeipa: flag("freeipa"),
    group_basedn: text("group_basedn"),
    group_filter: text("group_filter"),
    stripdomains: Array.isArray(domains) ? domains.map(String) : [],
  };
}

/**
 * A template with the user's name in place of `{{ username }}`.
 * @param escape Makes of the name what may stand there.
 * @throws LdapSettingsError for anything else that Jinja would fill in.
 */
export function fillIn(
  option: string,
  template: string,
  username: string,
  escape: (text: string) => string,
): string {
  const filled = template.split(/\{\{-?\s*username\s*-?\}\}/);
  if (filled.some((part) => /\{[{%#]/.test(part))) {
    throw new LdapSettingsError(`auth.ldap.${option}: only {{ username }} can be filled in`);
  }
  return filled.join(escape(username));
}

/** A text within a filter. (RFC 4515) */
export function escapeFilter(text: string): string {
  return text.replace(/[\0()*\\]/g, (c) => `\\${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** A text as a value within a distinguished name. (RFC 4514) */
export function escapeDn(text: string): string {
  return text.replace(/[\0"+,;<=>\\]|^[ #]|[ ]$/g, (c) => c === "\0" ? "\\00" : `\\${c}`);
}
