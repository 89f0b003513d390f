/**
 * The two tables, put together, and the types that follow from them.
 * @module
 */
import { commonOptions } from "./common_options/mod.ts";
import { masterOptions } from "./master_options/mod.ts";
import { minionOptions } from "./minion_options/mod.ts";
import type { OptionValues } from "./option.ts";

/** Every option of the master, by key. */
export const masterTable = { ...commonOptions, ...masterOptions };

/** Every option of the minion, by key. */
export const minionTable = { ...commonOptions, ...minionOptions };

/** Facts about the load itself, under the names Salt gives them. */
interface Loaded {
  /** The main configuration file, whether or not it exists. */
  readonly conf_file: string;
  readonly id: string;
  /** Keys that no table knows pass through. */
  readonly [key: string]: unknown;
}

/** The master's options: every key of the table has a value of its type. */
export type MasterOpts = OptionValues<typeof masterTable> & Loaded & {
  readonly __role: "master";
  /** Folder of eauth tokens. */
  readonly token_dir: string;
  readonly syndic_dir: string;
};

/** The minion's options: every key of the table has a value of its type. */
export type MinionOpts = OptionValues<typeof minionTable> & Loaded & {
  readonly __role: "minion";
  /** `tcp://host:port` of the request server; set while connecting where `master` is a list. */
  readonly master_uri: string;
};
