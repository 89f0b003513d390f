/** Loads a file of users' code, in the thread that runs it. @module */
import { pathToFileURL } from "node:url";
import { runtime } from "../../runtime/mod.ts";
import type { Loaded } from "./contract.ts";
import type { CustomFile } from "./messages.ts";

/** A file that has changed is loaded anew: its address is another one then. */
export async function loadCustom(file: CustomFile): Promise<Loaded> {
  const address = `${pathToFileURL(file.path).href}?v=${file.version}`;
  return await runtime.importFile(address);
}
