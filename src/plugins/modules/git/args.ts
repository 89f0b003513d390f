/** Arguments that functions of `git` share. @module */

export const cwd = {
  type: "string",
  required: true,
  doc: "The checkout; from the home of the user where it is relative.",
} as const;
/** Arguments that stand at the end. */
export const running = {
  user: { type: "string", default: null, doc: "User to run git as." },
  password: { type: "any", default: null, doc: "Has no effect; for Windows." },
  ignore_retcode: { type: "bool", default: false, doc: "A failure is no failure of the job." },
  output_encoding: { type: "string", default: null, doc: "Encoding of what git writes." },
} as const;
/** More options for the command and for git itself. */
export const options = {
  opts: { type: "any", default: "", doc: "More options of the command." },
  git_opts: { type: "any", default: "", doc: "Options of git itself." },
} as const;
export const identity = {
  type: "any",
  default: null,
  doc: "Private key, or a list of them: paths or `salt://`.",
} as const;
export const saltenv = {
  type: "string",
  default: "base",
  doc: "Environment of `salt://`.",
} as const;
export const login = {
  https_user: { type: "string", default: null, doc: "Name for an HTTPS URL." },
  https_pass: { type: "string", default: null, doc: "Password for an HTTPS URL." },
} as const;
export const more = { type: "map", keywords: true, doc: "" } as const;
