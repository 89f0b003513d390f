/** The minion itself: its jobs, its caches, what it has loaded. (`salt/modules/saltutil.py`) @module */
import { executionModule } from "../../../loader/types.ts";
import { cacheFunctions } from "./caches.ts";
import { jobFunctions } from "./jobs.ts";
import { masterFunctions } from "./on_master.ts";
import { refreshFunctions } from "./refresh.ts";
import { syncFunctions } from "./sync.ts";

/** The module `saltutil`. */
export const saltutil = executionModule({
  name: "saltutil",
  doc: "The minion itself: its jobs, its caches, what it has loaded.",
  functions: {
    ...jobFunctions,
    ...refreshFunctions,
    ...syncFunctions,
    ...cacheFunctions,
    ...masterFunctions,
  },
  aliases: { pillar_refresh: "refresh_pillar", sync_outputters: "sync_output" },
});
