/** Processes, and what they take. (`salt/modules/ps.py`, which stands on psutil) @module */
import { executionModule } from "../../../loader/types.ts";
import { counterFunctions } from "./counters.ts";
import { processFunctions } from "./processes.ts";
import { toolFunctions } from "./tools.ts";

/** The module `ps`. */
export const ps = executionModule({
  name: "ps",
  doc: "Processes, and what they take.",
  functions: { ...processFunctions, ...counterFunctions, ...toolFunctions },
});
