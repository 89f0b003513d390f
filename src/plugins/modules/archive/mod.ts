/** Archives. (`salt/modules/archive.py`) @module */
import { executionModule } from "../../../loader/types.ts";
import { listFunctions } from "./list.ts";
import { packFunctions } from "./pack.ts";

/** The module `archive`. */
export const archive = executionModule({
  name: "archive",
  doc: "Archives: tar, zip, rar, gzip.",
  functions: { ...listFunctions, ...packFunctions },
});
