/** Repositories of git. (`salt/modules/git.py`) @module */
import { executionModule } from "../../../loader/types.ts";
import { which } from "../../../process/mod.ts";
import { configFunctions } from "./config.ts";
import { historyFunctions } from "./history.ts";
import { remoteFunctions } from "./remote.ts";
import { workFunctions } from "./work.ts";
import { worktreeFunctions } from "./worktree.ts";

/** The module `git`. */
export const gitModule = executionModule({
  name: "git",
  doc: "Repositories of git.",
  virtual: () =>
    which("git") !== null || "The git execution module cannot be loaded: git unavailable.",
  functions: {
    ...remoteFunctions,
    ...workFunctions,
    ...historyFunctions,
    ...configFunctions,
    ...worktreeFunctions,
  },
  aliases: { config_get_regex: "config_get_regexp" },
});
