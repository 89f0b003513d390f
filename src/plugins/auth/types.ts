/**
 * The contract of login systems (`external_auth`).
 * @module
 */

/** One login system. */
export interface AuthBackend {
  /** Whether the password is this user's, and the user may log in now. */
  authenticate(user: string, password: string, settings: AuthSettings): Promise<boolean>;
  /** Groups of the user, for rules named `group%`. */
  groups(user: string, settings: AuthSettings): Promise<string[]>;
}

/** The master's settings that login systems read. */
export interface AuthSettings {
  readonly external_auth: { readonly [eauth: string]: unknown };
  readonly [option: string]: unknown;
}
