/** Packages of Red Hat, Fedora and their kin. (`salt/modules/yumpkg.py`) @module */
import { executionModule, fn } from "../../../loader/types.ts";
import {
  diffFunction,
  kwargsArg,
  lowpkgFiles,
  ownersOf,
  type PkgFunctions,
  upgradeAvailableFunction,
  versionFunction,
} from "../_package_manager.ts";
import { hasRpm, rpmOwner } from "../rpm_lowpkg.ts";
import { groupFunctions } from "./groups.ts";
import { holdFunctions } from "./holds.ts";
import { installFunctions } from "./install.ts";
import { listFunctions } from "./list.ts";
import { repoFunctions } from "./repos.ts";
import { findYum } from "./yum.ts";

const functions = {
  ...listFunctions,
  ...installFunctions,
  ...holdFunctions,
  ...groupFunctions,
  ...repoFunctions,
  ...lowpkgFiles,
  version: versionFunction,
  diff: diffFunction,
  upgrade_available: upgradeAvailableFunction,
  owner: fn({
    doc: "Returns the package that a file belongs to; an empty text when there is none.",
    args: { paths: { type: "any", variadic: true, doc: "Paths of files." }, kwargs: kwargsArg },
    example: "salt '*' pkg.owner /usr/bin/apachectl\n" +
      "salt '*' pkg.owner /usr/bin/apachectl /etc/httpd/conf/httpd.conf",
    run: (ctx, { paths }) => ownersOf(paths, (path) => rpmOwner(ctx, path)),
  }),
} satisfies PkgFunctions;

/** The module `pkg` of Red Hat and its kin. */
export const yumpkg = executionModule({
  name: "yumpkg",
  virtualname: "pkg",
  doc: "Packages of Red Hat, Fedora and their kin, by dnf or yum.",
  virtual({ grains }) {
    if (!hasRpm(grains, ["redhat"])) return "Module yumpkg: no yum based system detected";
    return findYum() !== null || "DNF nor YUM found";
  },
  functions,
  aliases: {
    available_version: "latest_version",
    clean_metadata: "refresh_db",
    get_locked_packages: "list_holds",
    groupinstall: "group_install",
    list_updates: "list_upgrades",
  },
});
