/** How gpg is run, and what it says on its status channel. (GnuPG `doc/DETAILS`) @module */
import { existsSync, mkdirSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import { jobEnvironment } from "../../../loader/environment.ts";
import type { ExecContext } from "../../../loader/types.ts";
import { findUser, runProcess, type User } from "../../../process/mod.ts";
import { pyStr, pyTruthy } from "../../../text/py_repr.ts";
import { program, programOutput } from "../_program.ts";

/** Whose keys, and where they are. */
export interface Keyring {
  /** The user; `salt` has their keys beside the configuration. */
  user: string | null;
  gnupghome: string | null;
  /** A file in place of the keys of that folder. */
  keyring: string | null;
}

/** What gpg did. */
export interface GpgResult {
  code: number;
  stdout: Uint8Array;
  stderr: string;
  /** Keywords with what follows them, in their order. */
  status: [keyword: string, rest: string][];
}

interface Place {
  home: string;
  user: User | undefined;
}

async function userOf(name: string): Promise<User> {
  const user = await findUser(name);
  if (!user) throw new SaltInvocationError(`User ${name} does not exist`);
  return user;
}

/** The folder of the keys, made where it is missing, and the user whom gpg runs as. */
async function placeOf(ctx: ExecContext, { user, gnupghome }: Keyring): Promise<Place> {
  const beside = join(dirname(pyStr(ctx.opts["conf_file"] as string)), "gpgkeys");
  const own = user === null || user === "" || user === "salt";
  const owner = own ? undefined : await userOf(user);
  const runner = owner ?? await findUser(process.geteuid?.() ?? 0);
  const usual = user === "salt" ? beside : join(runner?.home ?? "/root", ".gnupg");
  const home = gnupghome || usual;
  if (!isAbsolute(home)) throw new SaltInvocationError("gnupghome must be an absolute path");
  const other = owner && owner.uid !== process.geteuid?.() ? owner : undefined;
  if (!existsSync(home)) {
    // As the user, whose links lead no further than they may go.
    if (other) await programOutput(ctx, ["mkdir", "-p", "-m", "700", home], { runas: other.name });
    else mkdirSync(home, { recursive: true, mode: 0o700 });
  }
  return { home, user: other };
}

function statusOf(stderr: string): [string, string][] {
  return stderr.split("\n").filter((line) => line.startsWith("[GNUPG:] ")).map((line) => {
    const [, keyword = "", rest = ""] = /^\[GNUPG:\] (\S+) ?(.*)$/.exec(line) ?? [];
    return [keyword, rest];
  });
}

/**
 * Runs gpg to its end, without asking anybody. As the user whose keys they are, so that what it makes is
 * theirs.
 *
 * @param options `passphrase` goes by a pipe, before `input`.
 */
export async function gpg(
  ctx: ExecContext,
  place: Keyring,
  args: readonly string[],
  { input = "", passphrase }: { input?: string | Uint8Array; passphrase?: string | null } = {},
): Promise<GpgResult> {
  const { home, user } = await placeOf(ctx, place);
  if (place.keyring && !isAbsolute(place.keyring)) {
    throw new SaltInvocationError("keyring must be an absolute path");
  }
  const argv = [program(ctx, "gpg"), "--status-fd", "2", "--no-tty", "--no-verbose", "--batch"];
  argv.push("--fixed-list-mode", "--with-colons", "--homedir", home);
  if (place.keyring) argv.push("--no-default-keyring", "--keyring", place.keyring);
  if (passphrase) argv.push("--pinentry-mode", "loopback", "--passphrase-fd", "0");
  const given = typeof input === "string" ? Buffer.from(input) : input;
  const first = passphrase ? Buffer.from(`${passphrase}\n`) : Buffer.alloc(0);
  const done = await runProcess([...argv, ...args], {
    env: { ...jobEnvironment(ctx), LC_ALL: "C.UTF-8", LANGUAGE: "C" },
    ...(user ? { credentials: { uid: user.uid, gid: user.gid } } : {}),
    signal: ctx.signal,
    onStart: (pid) => ctx.trackProcess(pid),
    stdin: Buffer.concat([first, given]),
  });
  if (done.truncated) throw new CommandExecutionError("gpg wrote more than can be held in memory");
  const stderr = new TextDecoder().decode(done.stderr);
  return { code: done.code, stdout: done.stdout, stderr, status: statusOf(stderr) };
}

/**
 * The passphrase that pillar has, where one is to be used.
 * @throws SaltInvocationError when pillar has none.
 */
export async function passphraseFor(ctx: ExecContext, wanted: boolean): Promise<string | null> {
  if (!wanted) return null;
  const phrase = await ctx.salt("pillar.get", ["gpg_passphrase"]);
  if (!pyTruthy(phrase)) throw new SaltInvocationError("gpg_passphrase not available in pillar.");
  return pyStr(phrase);
}

/** A name of a key or a person as an argument. @throws CommandExecutionError */
export function keyName(value: string): string {
  if (value !== "" && !value.startsWith("-") && !/[\0\n]/.test(value)) return value;
  throw new CommandExecutionError(`"${value}" cannot be the name of a key`);
}
