/**
 * The option tables of master and minion, and what is loaded by them.
 *
 * To add an option, add a line to the table of its topic in `common_options`, `master_options` or
 * `minion_options`: the type, the check, `--config-dump` and the reference pages follow.
 * @module
 */
export { describeOption, describeOptions, dumpConfig } from "./describe.ts";
export type { OptionDescription, Role } from "./describe.ts";
export { loadMasterConfig, loadMinionConfig } from "./load.ts";
export type { LoadOptions } from "./load.ts";
export { loadSyndicConfig, type SyndicOpts } from "./syndic.ts";
export { masterAddresses, masterUri, parseMasterAddress } from "./master_address.ts";
export type { MasterAddress } from "./master_address.ts";
export { generateMinionId } from "./minion_id.ts";
export type { Honoured, OptionSpec, OptionTable } from "./option.ts";
export { DEFAULT_CONFIG_DIR } from "./paths.ts";
export { masterTable, minionTable } from "./tables.ts";
export type { MasterOpts, MinionOpts } from "./tables.ts";
export { numberOption, type TransportName, transportOf, transportsOf } from "./transports.ts";
