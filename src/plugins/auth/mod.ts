/** Login systems for `external_auth`. @module */
import { file } from "./file.ts";
import { ldap } from "./ldap/mod.ts";
import { pam } from "./pam.ts";
import { sharedsecret } from "./sharedsecret.ts";
import type { AuthBackend } from "./types.ts";

export type { AuthBackend, AuthSettings } from "./types.ts";

const backends: Readonly<Record<string, AuthBackend>> = { file, ldap, pam, sharedsecret };

/** The login system of that name. */
export function authBackend(name: string): AuthBackend | undefined {
  return Object.hasOwn(backends, name) ? backends[name] : undefined;
}
