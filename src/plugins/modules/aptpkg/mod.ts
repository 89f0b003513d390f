/** Packages of Debian and its kin. (`salt/modules/aptpkg.py`) @module */
import { executionModule } from "../../../loader/types.ts";
import type { PkgFunctions } from "../_package_manager.ts";
import { fileFunctions } from "./files.ts";
import { installFunctions } from "./install.ts";
import { keyFunctions } from "./keys.ts";
import { listFunctions } from "./list.ts";
import { repoFunctions } from "./repos.ts";
import { selectionFunctions } from "./selections.ts";

const functions = {
  ...listFunctions,
  ...installFunctions,
  ...selectionFunctions,
  ...repoFunctions,
  ...keyFunctions,
  ...fileFunctions,
} satisfies PkgFunctions;

/** The module `pkg` of Debian and its kin. */
export const aptpkg = executionModule({
  name: "aptpkg",
  virtualname: "pkg",
  doc: "Packages of Debian and its kin, by apt and dpkg.",
  virtual: ({ grains }) =>
    grains["os_family"] === "Debian" ||
    "The pkg module could not be loaded: unsupported OS family",
  functions,
  aliases: { available_version: "latest_version" },
});
