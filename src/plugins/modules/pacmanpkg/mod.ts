/** Packages of Arch Linux. (`salt/modules/pacmanpkg.py`) @module */
import { executionModule } from "../../../loader/types.ts";
import {
  type PkgFunctions,
  upgradeAvailableFunction,
  versionFunction,
} from "../_package_manager.ts";
import { fileFunctions } from "./files.ts";
import { groupFunctions } from "./groups.ts";
import { installFunctions } from "./install.ts";
import { listFunctions } from "./list.ts";

const functions = {
  version: versionFunction,
  upgrade_available: upgradeAvailableFunction,
  ...listFunctions,
  ...installFunctions,
  ...fileFunctions,
  ...groupFunctions,
} satisfies PkgFunctions;

/** The module `pkg` of Arch Linux. */
export const pacmanpkg = executionModule({
  name: "pacmanpkg",
  virtualname: "pkg",
  doc: "Packages of Arch Linux, by pacman.",
  virtual: ({ grains }) =>
    grains["os_family"] === "Arch" ||
    "The pacman module could not be loaded: unsupported OS family.",
  functions,
  aliases: { available_version: "latest_version" },
});
