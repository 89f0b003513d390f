/** Functions that try out the way to a minion and back. (`salt/modules/test.py`) @module */
import { executionModule } from "../../../loader/types.ts";
import { argumentFunctions } from "./arguments.ts";
import { basicFunctions } from "./basic.ts";
import { failureFunctions } from "./failures.ts";
import { loaderFunctions } from "./loader.ts";
import { numberFunctions } from "./numbers.ts";
import { versionFunctions } from "./versions.ts";

/** The module `test`. */
export const test = executionModule({
  name: "test",
  doc: "Functions that try out the way to a minion and back.",
  functions: {
    ...argumentFunctions,
    ...basicFunctions,
    ...failureFunctions,
    ...loaderFunctions,
    ...numberFunctions,
    ...versionFunctions,
  },
});
