/**
 * Reactor and runners.
 * @module
 */
import { bool, list } from "../option.ts";

/** Options of the master. */
export const masterReactor = {
  reactor: list<unknown>([], "later", "Which sls files answer which events."),
  runner_returns: bool(true, "later", "Send results of runners as events."),
  runner_dirs: list([], "yes", "Further folders of custom runners."),
};
