/** Functions that are the same in each module `pkg` whose packages are rpm's. @module */
import { fn } from "../../loader/types.ts";
import { kwargsArg, namesArg, withoutJob } from "./_package_manager.ts";
import { splitArch } from "./_rpm.ts";

/** What they ask rpm alone for. */
export const rpmFunctions = {
  parse_arch: fn({
    doc: "Returns the name and the architecture of a package.",
    args: { name: { type: "string", required: true, doc: "Name of the package." } },
    example: "salt '*' pkg.parse_arch zsh.x86_64",
    run: (_ctx, { name }) => splitArch(name),
  }),
  verify: fn({
    doc: "Returns the files of packages that are not as they were installed.",
    args: { names: namesArg, kwargs: { ...kwargsArg, doc: "`ignore_types`, `verify_options`." } },
    example: "salt '*' pkg.verify\nsalt '*' pkg.verify httpd postfix",
    run: (ctx, { names, kwargs }) => ctx.salt("lowpkg.verify", names, withoutJob(kwargs)),
  }),
  modified: fn({
    doc: "Returns the files of packages that were changed, and how.",
    args: { packages: namesArg, flags: { ...kwargsArg, doc: "As of `lowpkg.modified`." } },
    example: "salt '*' pkg.modified httpd\nsalt '*' pkg.modified httpd size=True",
    run: (ctx, { packages, flags }) => ctx.salt("lowpkg.modified", packages, withoutJob(flags)),
  }),
};
