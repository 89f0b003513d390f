/**
 * The roles of the executable, in the order of the help.
 *
 * Only names stand here: a definition is loaded when its role is asked for.
 * @module
 */
import type { ToolDef } from "./types.ts";

export type { OptionDef, OptionGroup, ToolDef } from "./types.ts";

/** A role before its definition is loaded. */
export interface Role {
  readonly role: string;
  /** Salt's name for it, which works too, also as the name of a link; null where Salt has none. */
  readonly program: string | null;
  /** One line for `saltx --help`. */
  readonly summary: string;
  readonly define: () => Promise<ToolDef>;
}

/** All roles. */
export const ROLES: readonly Role[] = [
  {
    role: "master",
    program: "salt-master",
    summary: "the daemon that commands minions",
    define: async () => (await import("./daemons.ts")).master,
  },
  {
    role: "minion",
    program: "salt-minion",
    summary: "the daemon on every machine that is commanded",
    define: async () => (await import("./daemons.ts")).minion,
  },
  {
    role: "salt",
    program: "salt",
    summary: "run a function on minions",
    define: async () => (await import("./salt.ts")).salt,
  },
  {
    role: "key",
    program: "salt-key",
    summary: "show, accept, reject and delete minions' keys",
    define: async () => (await import("./key.ts")).key,
  },
  {
    role: "call",
    program: "salt-call",
    summary: "run a function on this machine",
    define: async () => (await import("./call.ts")).call,
  },
  {
    role: "run",
    program: "salt-run",
    summary: "run a runner on the master",
    define: async () => (await import("./run.ts")).run,
  },
  {
    role: "cp",
    program: "salt-cp",
    summary: "copy files to minions",
    define: async () => (await import("./cp.ts")).cp,
  },
  {
    role: "syndic",
    program: "salt-syndic",
    summary: "the daemon that links a master to a higher one",
    define: async () => (await import("./daemons.ts")).syndic,
  },
  {
    role: "api",
    program: "salt-api",
    summary: "the daemon with the HTTP interface",
    define: async () => (await import("./daemons.ts")).api,
  },
  {
    role: "completion",
    program: null,
    summary: "print completions for bash, zsh or fish",
    define: async () => (await import("./completion.ts")).completion,
  },
];

/** The role that is called so: `key` or `salt-key`. */
export function findRole(name: string): Role | undefined {
  return ROLES.find((role) => role.role === name || role.program === name);
}
