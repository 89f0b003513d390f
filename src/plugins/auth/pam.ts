/**
 * Users of this host, by PAM's own helper: `unix_chkpwd` checks a password against the shadow file,
 * and whether the account is locked or has expired. (`salt/auth/pam.py`; unix_chkpwd(8))
 *
 * The password goes in by standard input, the user as an argument of its own: no shell is involved, and
 * the caller cannot choose a PAM service.
 * @module
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { messageOf } from "../../errors.ts";
import { getLogger } from "../../logging/mod.ts";
import type { AuthBackend } from "./types.ts";

const log = getLogger("saltx.auth.pam");

const HELPERS = ["/usr/sbin/unix_chkpwd", "/sbin/unix_chkpwd", "/usr/bin/unix_chkpwd"];
const USER = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}\$?$/;
const MAX_PASSWORD = 512;
const TIMEOUT_MS = 10_000;

/** Needs a master that runs as root: the helper serves others only for their own user. */
export const pam: AuthBackend = {
  async authenticate(user, password) {
    if (!USER.test(user) || password === "" || password.length > MAX_PASSWORD) return false;
    if (password.includes("\0")) return false;
    const helper = HELPERS.find((path) => existsSync(path));
    if (!helper) {
      log.error(`external_auth pam: none of ${HELPERS.join(", ")} is here; install libpam-modules`);
      return false;
    }
    return await helperSays(helper, [user, "nonull"], password + "\0") &&
      await helperSays(helper, [user, "chkexpiry"], "");
  },

  async groups(user) {
    const read = (path: string) => readFile(path, "utf8").catch(() => "");
    const [groups, users] = await Promise.all([read("/etc/group"), read("/etc/passwd")]);
    const primary = rows(users).find((row) => row[0] === user)?.[3];
    return rows(groups)
      .filter((row) => row[2] === primary || (row[3] ?? "").split(",").includes(user))
      .map((row) => row[0]!);
  },
};

function helperSays(helper: string, args: string[], input: string): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(helper, args, { stdio: ["pipe", "ignore", "ignore"], timeout: TIMEOUT_MS });
    child.on("error", (error) => {
      log.error(`${helper} cannot be run: ${messageOf(error)}`);
      resolve(false);
    });
    child.on("close", (code) => resolve(code === 0));
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}

function rows(text: string): string[][] {
  return text.split("\n").filter((line) => line !== "").map((line) => line.split(":"));
}
