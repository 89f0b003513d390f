/** Grains: what is known of this machine. (`salt/modules/grains.py`) @module */
import { executionModule } from "../../../loader/types.ts";
import { readFunctions } from "./read.ts";
import { writeFunctions } from "./write.ts";

/** The module `grains`. */
export const grains = executionModule({
  name: "grains",
  doc: "Grains: what is known of this machine, and what its administrator says of it.",
  functions: { ...readFunctions, ...writeFunctions },
});
