/**
 * Running jobs.
 * @module
 */
import { bool, int, list, map, oneOf, optional, str, textList } from "../option.ts";

/** Options of the minion. */
export const minionExecution = {
  multiprocessing: bool(
    true,
    "no",
    "Salt starts a process for each job; saltx runs them side by side either way.",
  ),
  return_journal: bool(
    true,
    "yes",
    "Keep each job's start and result on disk until the master has acknowledged it.",
  ),
  return_journal_max_entries: int(10000, "yes", "Results kept for a master that is away.", {
    min: 1,
  }),
  return_journal_max_bytes: int(
    67108864,
    "yes",
    "Bytes of results kept for a master that is away.",
    {
      min: 65536,
    },
  ),
  return_journal_max_age: int(
    604800,
    "yes",
    "Seconds a result is kept for a master that is away.",
    {
      min: 60,
    },
  ),
  process_count_max: int(-1, "yes", "Jobs that run at once, more wait; -1 for no bound.", {
    min: -1,
  }),
  minion_jid_queue_hwm: int(
    100,
    "yes",
    "Job ids remembered so that none runs twice; 4096 at least, over restarts too.",
    { min: 0 },
  ),
  multifunc_ordered: bool(
    false,
    "yes",
    "Give the results of a job of several functions as a list.",
  ),
  minion_restart_command: list<unknown>([], "no", "Command that restarts the minion."),
  restart_on_error: bool(false, "no", "Restart after an error that ended the minion."),
  enable_legacy_startup_events: bool(
    true,
    "yes",
    "Fire `minion_start` beside `salt/minion/<id>/start`.",
  ),
  modules_max_memory: int(-1, "no", "Bytes of memory a job may use."),
  minion_memory_headroom: oneOf(
    ["str", "int", "null"],
    null,
    "no",
    "Memory to leave free on the host.",
  ),
  minion_memory_max: oneOf(["str", "int", "null"], null, "no", "Memory the minion may use."),
  cmd_safe: bool(true, "yes", "Leave strings of commands to the shell only when asked."),
  cmd_whitelist_glob: optional(
    list([], "yes", "Only commands that fit one of these patterns run."),
  ),
  cmd_blacklist_glob: optional(
    list([], "yes", "Commands that fit one of these patterns do not run."),
  ),
  sudo_user: str("", "yes", "User to whom the sudo executor changes."),
  module_executors: optional(
    list([], "yes", "What runs functions: `direct_call`, `sudo`, `splay`."),
  ),
  disable_modules: list([], "yes", "Modules that do not load."),
  whitelist_modules: list([], "yes", "Only these modules load."),
  whitelist_state_modules: list([], "later", "Only these state modules load."),
  disable_returners: list([], "yes", "Returners that do not load."),
  providers: map({}, "yes", "Which module serves a virtual name such as `pkg`."),
  autoload_dynamic_modules: bool(true, "later", "Sync custom modules before a state run."),
  enable_zip_modules: bool(false, "no", "Load modules from zip files."),
  returner_dirs: list([], "yes", "Further folders of custom returners."),
  states_dirs: list([], "no", "Folders of Python states."),
  render_dirs: list([], "no", "Folders of Python renderers."),
  backup_mode: str("", "later", "Keep a copy of files before they are changed."),
  return: optional(oneOf(["str", "list"], "", "yes", "Returners that get every result.")),
  pub_ret: bool(true, "yes", "Return results to the master."),
  cache_jobs: bool(false, "later", "Keep results on the minion."),
  use_master_when_local: bool(
    false,
    "yes",
    "Talk to the master although `file_client` is `local`.",
  ),
  minion_pillar_cache: bool(false, "later", "Keep the pillar on disk for when no master is there."),
  pillarenv_from_saltenv: bool(false, "later", "Take the pillar environment from `saltenv`."),
  startup_states: str("", "yes", "What runs at start: `highstate`, `sls` or `top`."),
  sls_list: list<unknown>([], "yes", "The sls files for `startup_states: sls`."),
  top_file: str("", "yes", "The top file for `startup_states: top`."),
  state_queue: oneOf(
    ["bool", "int"],
    false,
    "later",
    "Whether, and how many, state runs wait for a running one.",
  ),
  disabled_requisites: textList([], "later", "Requisites that are not looked at."),
  global_state_conditions: oneOf(
    ["null", "map"],
    null,
    "later",
    "Conditions of all states of a kind.",
  ),
  snapper_states: bool(false, "no", "Take a snapshot around each state run."),
  snapper_states_config: str("root", "no", "Snapper configuration for that."),
  ssh_merge_pillar: bool(true, "no", "Merge the roster's pillar into the compiled one."),
  resource_pillar_key: str("resources", "no", "Pillar key of managed resources."),
  lazy_loader_strict_matching: optional(
    bool(false, "no", "Load only files with the name that is asked for."),
  ),
};
