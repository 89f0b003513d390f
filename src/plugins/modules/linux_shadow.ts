/** Passwords of users and when they run out. (`salt/modules/linux_shadow.py`) @module */
import { randomInt } from "node:crypto";
import { join } from "node:path";
import { SaltInvocationError } from "../../errors.ts";
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { compareText } from "../../text/py_text.ts";
import { pyStr } from "../../text/py_repr.ts";
import { shaCrypt } from "../../text/sha_crypt.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import { rootArg } from "./_accounts.ts";
import { operand, runProgram } from "./_program.ts";
import { readSystemFile } from "./_system_file.ts";

const numbers = ["lstchg", "min", "max", "warn", "inact", "expire"] as const;

/** Entries of a shadow file by name, as `shadow.info` shows them. */
export function parseShadow(text: string): Map<string, DataMap> {
  const entries = new Map<string, DataMap>();
  for (const line of text.split("\n")) {
    const [name, passwd = "", ...rest] = line.trim().split(":");
    if (!name || entries.has(name)) continue;
    const values = numbers.map((key, index) => [key, rest[index] ? Number(rest[index]) : -1]);
    entries.set(name, { name, passwd, ...Object.fromEntries(values) });
  }
  return entries;
}

function entries(root: string | null): Map<string, DataMap> {
  return parseShadow(readSystemFile(join(root ?? "/", "etc/shadow")) ?? "");
}

const nobody: DataMap = {
  name: "",
  passwd: "",
  ...Object.fromEntries(numbers.map((key) => [key, ""])),
};

function info(name: string, root: string | null): DataMap {
  return entries(root).get(name) ?? nobody;
}

function rootOption(root: string | null): string[] {
  return root === null ? [] : ["-R", root];
}

interface Attribute {
  key: typeof numbers[number];
  option: string;
  /** Whether the result tells of the value in the file, rather than of the program. */
  validate: boolean;
}

async function setAttribute(
  ctx: ExecContext,
  name: string,
  value: Data,
  root: string | null,
  { key, option, validate }: Attribute,
): Promise<boolean> {
  const before = info(name, root);
  if (before["name"] === "") return false;
  if (pyStr(before[key]!) === pyStr(value)) return true;
  // -1 takes a limit away, so it is not to be refused as an option.
  const argv = ["chage", ...rootOption(root), option, pyStr(value), operand(name, "a user")];
  const { retcode } = await runProgram(ctx, argv);
  return validate ? pyStr(info(name, root)[key]!) === pyStr(value) : retcode === 0;
}

const name = { type: "string", required: true, doc: "Name of the user." } as const;

function attribute(argument: string, what: string, example: string, how: Attribute) {
  const args = {
    name,
    [argument]: { type: "any", required: true, doc: `The ${what}.` },
    root: rootArg,
  } as const;
  return fn({
    doc: `Sets the ${what}.`,
    args,
    example,
    run: (ctx, given) => {
      const values = given as { name: string; root: string | null; [key: string]: Data };
      return setAttribute(ctx, values.name, values[argument]!, values.root, how);
    },
  });
}

function isLocked(name: string, root: string | null): boolean {
  return pyStr(info(name, root)["passwd"]!).startsWith("!");
}

/** Locks a password or opens it again, unless it is so already. */
async function setLock(
  ctx: ExecContext,
  name: string,
  root: string | null,
  locked: boolean,
): Promise<boolean> {
  if (info(name, root)["name"] === "") return false;
  if (isLocked(name, root) === locked) return true;
  const option = locked ? "-l" : "-u";
  await runProgram(ctx, ["passwd", ...rootOption(root), option, operand(name, "a user")]);
  return isLocked(name, root) === locked;
}

interface Password {
  name: string;
  password: string;
  use_usermod: boolean;
  root: string | null;
}

/** By way of standard input, since everyone on the machine can read the arguments of programs. */
async function setPassword(ctx: ExecContext, args: Password): Promise<boolean> {
  const { name, password, root } = args;
  operand(name, "a user");
  if (/[:\n\0]/.test(name + password)) {
    throw new SaltInvocationError("A name or a password hash has no colon and one line");
  }
  const options = [...rootOption(root)];
  if (args.use_usermod) await runProgram(ctx, ["usermod", ...options, "-p", password, name]);
  else {
    const stdin = `${name}:${password}\n`;
    const { retcode, stderr } = await runProgram(ctx, ["chpasswd", "-e", ...options], { stdin });
    if (retcode !== 0) ctx.log.warning(`The password of ${name} was not set: ${stderr}`);
  }
  const after = info(name, root);
  return after["name"] === name && after["passwd"] === password;
}

const saltChars = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

function generate(password: string, salt: string | null, algorithm: string): string {
  if (algorithm !== "sha512" && algorithm !== "sha256") {
    throw new SaltInvocationError(
      `Cannot hash using '${algorithm}' hash algorithm. Supported algorithms are: sha512, sha256.`,
    );
  }
  const random = () => Array.from({ length: 16 }, () => saltChars[randomInt(64)]).join("");
  return shaCrypt(algorithm, password, salt ?? random());
}

/** The module `shadow` of Linux. */
export const linuxShadow = executionModule({
  name: "linux_shadow",
  virtualname: "shadow",
  doc: "Passwords of users and when they run out.",
  virtual: ({ grains }) =>
    grains["kernel"] === undefined || grains["kernel"] === "Linux" || "the system is not Linux",
  functions: {
    default_hash: fn({
      doc: "Returns the hash that no password has.",
      args: {},
      example: "salt '*' shadow.default_hash",
      run: () => "!",
    }),
    info: fn({
      doc: "Returns the password hash of a user, and its days; -1 where none is set.",
      args: { name, root: rootArg },
      example: "salt '*' shadow.info root",
      run: (_ctx, args) => info(args.name, args.root),
    }),
    list_users: fn({
      doc: "Lists the users that have an entry, sorted.",
      args: { root: rootArg },
      example: "salt '*' shadow.list_users",
      run: (_ctx, args) => [...entries(args.root).keys()].sort(compareText),
    }),
    gen_password: fn({
      doc: "Returns the hash of a password.",
      args: {
        password: { type: "string", required: true, doc: "The password." },
        crypt_salt: { type: "string", default: null, doc: "The salt; random when left out." },
        algorithm: { type: "string", default: "sha512", doc: "sha512 or sha256." },
      },
      example: "salt '*' shadow.gen_password 'I_am_password'\n" +
        "salt '*' shadow.gen_password 'I_am_password' crypt_salt='I_am_salt' algorithm=sha256",
      run: (_ctx, args) => generate(args.password, args.crypt_salt, args.algorithm),
    }),
    set_password: fn({
      doc: "Sets the password hash of a user. It has to be a hash, not the password itself.",
      args: {
        name,
        password: { type: "string", required: true, doc: "The hash." },
        use_usermod: {
          type: "bool",
          default: false,
          doc: "Have usermod write it. All users of the machine can see it for a moment.",
        },
        root: rootArg,
      },
      example: "salt '*' shadow.set_password root '$1$UYCIxa628.9qXjpQCjM4a..'",
      run: (ctx, args) => setPassword(ctx, args),
    }),
    del_password: fn({
      doc: "Takes away the password of a user, who can log in without one then.",
      args: { name, root: rootArg },
      example: "salt '*' shadow.del_password username",
      async run(ctx, args) {
        const argv = ["passwd", ...rootOption(args.root), "-d", operand(args.name, "a user")];
        await runProgram(ctx, argv);
        const after = info(args.name, args.root);
        return after["passwd"] === "" && after["name"] === args.name;
      },
    }),
    lock_password: fn({
      doc: "Locks the password of a user.",
      args: { name, root: rootArg },
      example: "salt '*' shadow.lock_password username",
      run: (ctx, args) => setLock(ctx, args.name, args.root, true),
    }),
    unlock_password: fn({
      doc: "Opens the locked password of a user.",
      args: { name, root: rootArg },
      example: "salt '*' shadow.unlock_password username",
      run: (ctx, args) => setLock(ctx, args.name, args.root, false),
    }),
    set_inactdays: attribute(
      "inactdays",
      "days between the end of a password and that of the account",
      "salt '*' shadow.set_inactdays username 7",
      { key: "inact", option: "-I", validate: true },
    ),
    set_maxdays: attribute(
      "maxdays",
      "most days that a password is good for",
      "salt '*' shadow.set_maxdays username 90",
      { key: "max", option: "-M", validate: true },
    ),
    set_mindays: attribute(
      "mindays",
      "fewest days between two changes of a password",
      "salt '*' shadow.set_mindays username 7",
      { key: "min", option: "-m", validate: true },
    ),
    set_warndays: attribute(
      "warndays",
      "days for which a user is warned of the end of a password",
      "salt '*' shadow.set_warndays username 7",
      { key: "warn", option: "-W", validate: true },
    ),
    set_date: attribute(
      "date",
      "day of the last change of a password, as a date or in days since 1970",
      "salt '*' shadow.set_date username 0",
      { key: "lstchg", option: "-d", validate: false },
    ),
    set_expire: attribute(
      "expire",
      "last day of the account, as a date or in days since 1970; -1 for none",
      "salt '*' shadow.set_expire username -1",
      { key: "expire", option: "-E", validate: false },
    ),
  },
});
