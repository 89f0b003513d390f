/**
 * The remotes of `gitfs_remotes` with the settings of each: its own, else those of all (`gitfs_*`).
 * (`salt/utils/gitfs.py:GitProvider.__init__`)
 * @module
 */
import { createHash } from "node:crypto";
import { SaltConfigurationError } from "../../../errors.ts";

/** Settings of all remotes, with Salt's names. */
export type GitfsSettings = { readonly [name: string]: unknown };

/** What is served of a ref. */
export interface Place {
  /** Folder of the repository that is served; empty for all of it. */
  root: string;
  /** Path below `salt://` at which it appears. */
  mountpoint: string;
}

/** Settings of one environment of a remote. */
export interface EnvPlace extends Place {
  /** Branch, tag or commit; null: the one that is called like the environment. */
  ref: string | null;
}

/** One repository. */
export interface Remote extends Place {
  /** Name of its folder in the cache: letters and digits. */
  id: string;
  url: string;
  base: string;
  fallback: string;
  allSaltenvs: string;
  disableMapping: boolean;
  refTypes: string[];
  saltenvs: Map<string, EnvPlace>;
  whitelist: string[];
  blacklist: string[];
  user: string;
  password: string;
  insecureAuth: boolean;
  privkey: string;
  sslVerify: boolean;
  proxy: string;
  refspecs: string[];
  /** s between fetches. */
  updateInterval: number;
}

/** Settings that a remote may have of its own. */
const OWN = new Set([
  ...["all_saltenvs", "base", "depth", "disable_saltenv_mapping", "fallback", "insecure_auth"],
  ...["mountpoint", "name", "passphrase", "password", "privkey", "proxy", "pubkey", "ref_types"],
  ...["refspecs", "root", "saltenv", "saltenv_blacklist", "saltenv_whitelist", "ssl_verify"],
  ...["update_interval", "user"],
]);

/** Kinds of addresses that git may use; its own helpers (`ext::`) run programs. */
const ADDRESS =
  /^(?:(?:https?|git|ssh|file):\/\/[^\s-]|[\w.+-]+@[\w.-]+:[^\s-]|[\w.-]+:[^\s/-]|\/)/;

const REFSPEC = /^\+?refs\/[\w./*@+-]+:refs\/[\w./*@+-]+$/;

function bad(remote: string, what: string): SaltConfigurationError {
  return new SaltConfigurationError(`gitfs_remotes: ${remote}: ${what}`);
}

/** @throws SaltConfigurationError for what no repository can be at, or git takes for an option. */
export function checkAddress(url: string): string {
  const isFine = url.length <= 2000 && !/[\s\p{Cc}]/u.test(url) && !url.includes("::") &&
    ADDRESS.test(url);
  if (isFine) return url;
  throw bad(
    JSON.stringify(url.slice(0, 100)),
    "not an address; it must be https://, http://, ssh://, git://, file://, user@host:path or a path",
  );
}

/** @throws SaltConfigurationError when git would not take it for the name of a ref. */
function checkRef(url: string, ref: string): string {
  const isFine = /^[^\s~^:?*[\\\p{Cc}-][^\s~^:?*[\\\p{Cc}]*$/u.test(ref) &&
    !ref.includes("..") && !ref.includes("@{") && !ref.endsWith(".lock");
  if (isFine) return ref;
  throw bad(url, `${JSON.stringify(ref.slice(0, 100))} cannot be the name of a ref`);
}

/** A relative path without `.` and slashes around it. @throws SaltConfigurationError when it climbs. */
function checkPath(url: string, what: string, value: unknown): string {
  const parts = String(value ?? "").replace(/^salt:\/\//, "").split("/")
    .filter((part) => part !== "" && part !== ".");
  if (parts.includes("..") || parts.some((part) => part.includes("\0"))) {
    throw bad(url, `${what} must stay within the repository`);
  }
  return parts.join("/");
}

function texts(value: unknown): string[] {
  if (value === null || value === undefined || value === "") return [];
  return (Array.isArray(value) ? value : String(value).split(",")).map((one) => String(one).trim());
}

/** YAML's `[{a: 1}, {b: 2}]` as one map. */
function merged(value: unknown): Record<string, unknown> {
  const list = Array.isArray(value) ? value : [value];
  return Object.assign({}, ...list.filter((one) => typeof one === "object" && one !== null));
}

function readSaltenvs(url: string, value: unknown, above: Place): Map<string, EnvPlace> {
  const saltenvs = new Map<string, EnvPlace>();
  for (const [saltenv, settings] of Object.entries(merged(value))) {
    const own = merged(settings);
    saltenvs.set(saltenv, {
      ref: own["ref"] === undefined ? null : checkRef(url, String(own["ref"])),
      root: own["root"] === undefined ? above.root : checkPath(url, "root", own["root"]),
      mountpoint: own["mountpoint"] === undefined
        ? above.mountpoint
        : checkPath(url, "mountpoint", own["mountpoint"]),
    });
  }
  return saltenvs;
}

function readRemote(entry: unknown, settings: GitfsSettings): Remote {
  const isPlain = typeof entry === "string";
  const [url = "", given] = isPlain ? [entry] : Object.entries(merged(entry))[0] ?? [];
  checkAddress(url);
  const own = merged(given);
  for (const name of Object.keys(own)) {
    if (!OWN.has(name)) throw bad(url, `there is no setting "${name}"`);
  }
  const of = (name: string) => own[name] ?? settings[`gitfs_${name}`];
  const refOf = (name: string) => of(name) ? checkRef(url, String(of(name))) : "";
  const place = {
    root: checkPath(url, "root", of("root")),
    mountpoint: checkPath(url, "mountpoint", of("mountpoint")),
  };
  const refspecs = texts(of("refspecs"));
  const wrong = refspecs.find((one) => !REFSPEC.test(one) || one.includes(".."));
  if (wrong !== undefined) throw bad(url, `"${wrong}" is no refspec`);
  const [user, password] = [String(of("user") ?? ""), String(of("password") ?? "")];
  if (password !== "" && url.startsWith("http://") && of("insecure_auth") !== true) {
    throw bad(url, "a password over plain HTTP needs insecure_auth: True");
  }
  if (of("passphrase")) {
    throw bad(url, "keys with a passphrase cannot be used; load the key into an ssh-agent instead");
  }
  const id = createHash("sha256").update(`${String(own["name"] ?? "")}\0${url}`).digest("hex");
  return {
    ...place,
    id: id.slice(0, 32),
    url,
    base: refOf("base"),
    fallback: refOf("fallback"),
    allSaltenvs: refOf("all_saltenvs"),
    disableMapping: of("disable_saltenv_mapping") === true,
    refTypes: texts(of("ref_types")),
    saltenvs: new Map([
      ...readSaltenvs(url, settings["gitfs_saltenv"], place),
      ...readSaltenvs(url, own["saltenv"], place),
    ]),
    whitelist: texts(of("saltenv_whitelist")),
    blacklist: texts(of("saltenv_blacklist")),
    user,
    password,
    insecureAuth: of("insecure_auth") === true,
    privkey: String(of("privkey") ?? ""),
    sslVerify: of("ssl_verify") !== false,
    proxy: String(of("proxy") ?? ""),
    refspecs,
    updateInterval: Math.max(1, Number(of("update_interval")) || 60),
  };
}

/** @throws SaltConfigurationError that names the remote and what is wrong with it. */
export function readRemotes(settings: GitfsSettings): Remote[] {
  const { gitfs_remotes: remotes } = settings;
  return Array.isArray(remotes) ? remotes.map((entry) => readRemote(entry, settings)) : [];
}
