/** Packages of Python. (`salt/modules/pip.py`) @module */
import { executionModule } from "../../../loader/types.ts";
import { installFunctions } from "./install.ts";
import { listFunctions } from "./list.ts";

/** The module `pip`. */
export const pipModule = executionModule({
  name: "pip",
  doc: "Packages of Python, by pip: that of a virtual environment, or that of the system.",
  functions: { ...installFunctions, ...listFunctions },
});
