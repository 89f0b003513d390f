/**
 * The master options that the key store reads, with Salt's names; `MasterOpts` has them all.
 * @module
 */

/** Where the keys are and what happens to new ones. Absent options have Salt's defaults. */
export interface KeyStoreOptions {
  pki_dir: string;
  /** The user that the master runs as; owns what it makes. */
  user?: string | undefined;
  /** Accepts every new key. */
  auto_accept?: boolean | undefined;
  /** File of ids (globs, regular expressions) that are accepted. */
  autosign_file?: string | null | undefined;
  /** Folder of files named by grain: a line with the minion's value accepts it. */
  autosign_grains_dir?: string | null | undefined;
  /** Minutes for which a file in `minions_autosign` holds; 0: for ever. */
  autosign_timeout?: number | undefined;
  /** File of ids that are rejected. */
  autoreject_file?: string | null | undefined;
  /** Takes any key for any id. For tests only. */
  open_mode?: boolean | undefined;
  /** Lets other RAET keys of an accepted id wait for acceptance, in place of denying them. */
  raet_mutable?: boolean | undefined;
  /** Highest number of connected minions; 0: any. */
  max_minions?: number | undefined;
  /** Allows files and folders that a group of the master's user may write. */
  permissive_pki_access?: boolean | undefined;
}
