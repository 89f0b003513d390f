/**
 * State runs and custom modules.
 * @module
 */
import { anything, bool, int, list, map, oneOf, optional, str } from "../option.ts";

/** Options the same on both daemons. */
export const commonStates = {
  renderer: str("jinja|yaml", "later", "How sls files become data when they do not say."),
  renderer_whitelist: list([], "later", "Only these renderers may be used."),
  renderer_blacklist: list([], "later", "These renderers may not be used."),
  failhard: bool(false, "later", "Stop a state run at the first failure."),
  state_top: str("top.sls", "later", "Name of the top file."),
  state_top_saltenv: oneOf(
    ["null", "str"],
    null,
    "later",
    "Take the top file from this environment alone.",
  ),
  saltenv: oneOf(["null", "str"], null, "yes", "Environment of states and files."),
  environment: optional(str("", "yes", "Old name of `saltenv`.")),
  lock_saltenv: bool(false, "later", "Refuse another environment from the command line."),
  state_verbose: bool(true, "yes", "Show states that changed nothing, too."),
  state_output: str("full", "yes", "How much is shown of each state."),
  state_output_diff: bool(false, "yes", "Show only states that changed something."),
  state_output_profile: bool(true, "yes", "Show how long each state took."),
  state_output_pct: optional(bool(false, "yes", "Show the share of successes in the summary.")),
  state_compress_ids: optional(bool(false, "yes", "Show states of one id and result as one.")),
  state_auto_order: bool(true, "later", "Run states in the order of the files."),
  state_events: bool(false, "later", "Fire an event for each state."),
  state_aggregate: oneOf(
    ["bool", "list"],
    false,
    "later",
    "Let states such as `pkg` do their work together.",
  ),
  state_max_parallel: int(
    0,
    "later",
    "How many states run at once with `parallel`; 0 for no bound.",
  ),
  optimization_order: list<number>([0, 1, 2], "no", "Python's optimisation levels."),
  cython_enable: bool(false, "no", "Load Cython modules."),
  clean_dynamic_modules: bool(
    true,
    "yes",
    "Remove synced modules that the master no longer has.",
  ),
  extmod_whitelist: map({}, "yes", "Only these custom modules are synced."),
  extmod_blacklist: map({}, "yes", "These custom modules are not synced."),
  module_dirs: list([], "yes", "Further folders of custom modules."),
  utils_dirs: list([], "no", "Folders of Python utilities."),
  thoriumenv: oneOf(["null", "str"], null, "no", "Environment of the Thorium reactor."),
  thorium_top: str("top.sls", "no", "Top file of the Thorium reactor."),
  thorium_interval: anything(0.5, "no", "Seconds between Thorium runs."),
  thorium_roots: anything({ "base": ["/srv/thorium"] }, "no", "Folders of Thorium files."),
  master_tops_first: bool(
    false,
    "later",
    "Take sls files of `master_tops` before those of the top file.",
  ),
  schedule: map({}, "yes", "Jobs that run by the clock; those of the minion."),
  event_match_type: str("startswith", "later", "How event tags are compared when none is named."),
  reactor_refresh_interval: int(60, "later", "Seconds for which a reaction is kept rendered."),
  reactor_worker_threads: int(10, "later", "How many reactions run at once."),
  reactor_worker_hwm: int(10000, "later", "How many reactions may wait."),
  reactor_niceness: oneOf(["null", "int"], null, "no", "Niceness of the reactor process."),
  enable_gpu_grains: bool(false, "yes", "Look for graphics cards."),
};
