/**
 * The contract of login systems (`external_auth`).
 * @module
 */

/** One login system. */
export interface AuthBackend {
  /** Whether the password is this user's, and the user may log in now. */
  authenticate(user: string, password: string, settings: AuthSettings): Promise<boolean>;
  /** Groups of the user, for rules named `group%`; the password is one that was found good. */
  groups(user: string, settings: AuthSettings, password: string): Promise<string[]>;
  /** Fills in what only the login system knows of rules. */
  expandRules?(rules: readonly unknown[], settings: AuthSettings): Promise<readonly unknown[]>;
}

/** The master's settings that login systems read. */
export interface AuthSettings {
  readonly external_auth: { readonly [eauth: string]: unknown };
  readonly [option: string]: unknown;
}
