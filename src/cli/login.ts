/**
 * Signing in at the master, and the token that is kept of it.
 * (`salt/auth/__init__.py:Resolver`, `salt/config/__init__.py:client_config`)
 * @module
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Credentials, LocalClient } from "../client/mod.ts";
import type { MasterOpts } from "../config/mod.ts";
import { AuthenticationError } from "../errors.ts";
import { atomicWrite } from "../fs/mod.ts";
import { isMap } from "../types/mod.ts";
import { flagOption, type Invocation, textOption } from "./invocation.ts";

/** Where the token is kept. */
export function tokenFile(
  opts: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const configured = opts["token_file"];
  const home = env["HOME"] || homedir();
  if (typeof configured === "string" && configured !== "") {
    return configured.replace(/^~(?=\/|$)/, home);
  }
  const xdg = join(env["XDG_CONFIG_HOME"] || join(home, ".config"), "salt");
  return existsSync(xdg) ? join(xdg, "salt_token") : join(home, "salt_token");
}

/** The kept token, unless the master will have forgotten it. */
export function readToken(file: string, expireSeconds: number, now = Date.now()): string | null {
  try {
    if (statSync(file).mtimeMs + expireSeconds * 1000 <= now) return null;
    return readFileSync(file, "utf8").trim() || null;
  } catch {
    return null;
  }
}

async function ask(call: Invocation, field: "username" | "password"): Promise<string> {
  const given = textOption(call, field);
  if (given !== undefined) return given;
  const answer = await call.io.readLine({ prompt: `${field}: `, secret: field === "password" });
  if (answer === null || answer === "") throw failed();
  return answer;
}

function failed(): AuthenticationError {
  return new AuthenticationError("ERROR: Authentication failed", { exitCode: 2 });
}

/**
 * The credentials to send with a command; undefined where the key file says enough.
 * @throws AuthenticationError when signing in fails.
 */
export async function signIn(
  call: Invocation,
  opts: MasterOpts,
  client: LocalClient,
): Promise<Credentials | undefined> {
  const eauth = textOption(call, "eauth");
  const file = tokenFile(opts, call.io.env);
  const wantsAnother = flagOption(call, "mktoken") || call.explicit.has("username");
  if (eauth === undefined || !wantsAnother) {
    const token = client.hasKey ? null : readToken(file, opts.token_expire);
    if (token !== null) return { token };
    if (eauth === undefined) return undefined;
  }
  const username = await ask(call, "username");
  const password = await ask(call, "password");
  const credentials: Credentials = { eauth, username, password };
  if (!flagOption(call, "mktoken")) return credentials;
  const reply = await client.command("mk_token", {}, credentials);
  const inner = isMap(reply["load"]) ? reply["load"] : reply;
  const token = inner["token"];
  if (typeof token !== "string") throw failed();
  await atomicWrite(file, token, { mode: 0o600 });
  return { token };
}
