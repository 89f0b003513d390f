/**
 * The option tables of master and minion, and what is loaded by them.
 * @module
 */
export { loadMasterConfig, loadMinionConfig } from "./load.ts";
export type { LoadOptions } from "./load.ts";
export type { MasterOpts, MinionOpts } from "./tables.ts";
export { masterTable, minionTable } from "./tables.ts";
