/** Packages of SUSE. (`salt/modules/zypperpkg.py`) @module */
import { executionModule, fn } from "../../../loader/types.ts";
import { which } from "../../../process/mod.ts";
import {
  diffFunction,
  kwargsArg,
  lowpkgFiles,
  type PkgFunctions,
  versionFunction,
  withoutJob,
} from "../_package_manager.ts";
import { availableFunctions } from "./available.ts";
import { downloadFunctions } from "./download.ts";
import { installFunctions } from "./install.ts";
import { listFunctions } from "./list.ts";
import { productFunctions } from "./products.ts";
import { repoFunctions } from "./repos.ts";

const functions = {
  ...listFunctions,
  ...availableFunctions,
  ...downloadFunctions,
  ...installFunctions,
  ...productFunctions,
  ...repoFunctions,
  ...lowpkgFiles,
  version: versionFunction,
  diff: diffFunction,
  owner: fn({
    doc: "Returns the package that a file belongs to; an empty text when there is none.",
    args: { paths: { type: "any", variadic: true, doc: "Paths of files." }, kwargs: kwargsArg },
    example: "salt '*' pkg.owner /usr/bin/apachectl\n" +
      "salt '*' pkg.owner /usr/bin/apachectl /etc/httpd/conf/httpd.conf",
    run: (ctx, { paths, kwargs }) => ctx.salt("lowpkg.owner", paths, withoutJob(kwargs)),
  }),
} satisfies PkgFunctions;

/** The module `pkg` of SUSE. */
export const zypperpkg = executionModule({
  name: "zypperpkg",
  virtualname: "pkg",
  doc: "Packages of SUSE, by zypper.",
  virtual({ grains }) {
    if (grains["os_family"] !== "Suse") {
      return "Module zypper: non SUSE OS not supported by zypper package manager";
    }
    return which("zypper") !== null || "Module zypper: zypper package manager not found";
  },
  functions,
  aliases: { available_version: "latest_version", list_updates: "list_upgrades" },
});
