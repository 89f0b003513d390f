/** Files and folders. (`salt/modules/file.py`) @module */
import { executionModule } from "../../../loader/types.ts";
import { backupFunctions } from "./backups.ts";
import { blockFunctions } from "./block.ts";
import { contentFunctions } from "./content.ts";
import { findFunctions } from "./find.ts";
import { folderFunctions } from "./folders.ts";
import { lineFunctions } from "./line.ts";
import { makeFunctions } from "./make.ts";
import { nameFunctions } from "./names.ts";
import { nodeFunctions } from "./nodes.ts";
import { ownerFunctions } from "./owners.ts";
import { permFunctions } from "./perms.ts";
import { replaceFunctions } from "./replace.ts";
import { searchFunctions } from "./search.ts";
import { selinuxFunctions } from "./selinux.ts";
import { sourceFunctions } from "./source.ts";
import { statFunctions } from "./stat.ts";
import { sumFunctions } from "./sums.ts";

/** The module `file`. */
export const file = executionModule({
  name: "file",
  doc: "Files and folders.",
  functions: {
    ...statFunctions,
    ...ownerFunctions,
    ...permFunctions,
    ...selinuxFunctions,
    ...folderFunctions,
    ...makeFunctions,
    ...nodeFunctions,
    ...contentFunctions,
    ...replaceFunctions,
    ...lineFunctions,
    ...blockFunctions,
    ...searchFunctions,
    ...findFunctions,
    ...sumFunctions,
    ...sourceFunctions,
    ...nameFunctions,
    ...backupFunctions,
  },
  aliases: { list_backup: "list_backups", remove_backup: "delete_backup" },
});
