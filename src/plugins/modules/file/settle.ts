/**
 * Owner and mode of what is new.
 * @module
 */
import { CommandExecutionError } from "../../../errors.ts";
import type { ExecContext } from "../../../loader/types.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { Data } from "../../../types/mod.ts";
import { checkPerms } from "./perms.ts";

const noLabel = { user: null, role: null, type: null, range: null };

/** Makes owner and mode of a new file what they are to be. */
export async function settle(
  ctx: ExecContext,
  path: string,
  user: Data,
  group: Data,
  mode: Data,
): Promise<void> {
  const wish = { user, group, mode, attrs: null, followLinks: false, selinux: noLabel };
  const [ret] = await checkPerms(ctx, path, null, wish);
  if (ret["result"] === false) throw new CommandExecutionError(pyStr(ret["comment"]!));
}

/** Arguments that say whose a new file is to be. */
export const ownerArgs = {
  user: { type: "any", default: null, doc: "Whose it is to be." },
  group: { type: "any", default: null, doc: "Which group's it is to be." },
} as const;

/** The argument that gives a new file its mode. */
export const modeArg = { type: "any", default: null, doc: "Octal digits." } as const;
