/**
 * How a minion finds its id: given, remembered, or guessed from the host.
 * (`salt/config/__init__.py:get_id`; `salt/utils/network.py:generate_minion_id`)
 * @module
 */
import type * as ChildProcess from "node:child_process";
import { readFileSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import { dirname } from "node:path";
import { SaltConfigurationError } from "../errors.ts";
import { atomicWriteSync, ensureDir } from "../fs/mod.ts";
import { isValidMinionId } from "../text/minion_id.ts";

/** How long the resolver may take to tell the host's full name, in ms. */
const RESOLVE_TIMEOUT_MS = 10_000;

/** Names that every host has and that tell none from another. */
const LOCAL_NAMES = [
  /^localhost/,
  /^ip6-/,
  /^127[.]\d/,
  /^0\.0\.0\.0/,
  /^::1/,
  /^ipv6-/,
  /^fe00::/,
  /^fe02::/,
  /^1.0.0.*.ip6.arpa/,
];

/** What the host says of itself; replaced in tests. */
export interface HostFacts {
  hostname(): string;
  /** Content of a file, or undefined when it cannot be read. */
  read(path: string): string | undefined;
  /** Asks the resolver for the full name of this host. */
  resolveFullName(): string | undefined;
  /** IPv4 addresses, loopback left out. */
  addresses(): string[];
}

/** This host. */
export const thisHost: HostFacts = {
  hostname,
  read(path) {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return undefined;
    }
  },
  resolveFullName() {
    // Few starts need it, and loading it takes longer than all the rest.
    const { spawnSync }: typeof ChildProcess = process.getBuiltinModule("node:child_process");
    const child = spawnSync("hostname", ["-f"], { encoding: "utf8", timeout: RESOLVE_TIMEOUT_MS });
    return child.status === 0 ? child.stdout.trim() || undefined : undefined;
  },
  addresses() {
    return Object.values(networkInterfaces()).flatMap((list) => list ?? [])
      .filter((address) => address.family === "IPv4" && !address.internal)
      .map((address) => address.address).sort();
  },
};

function hostsLines(text: string | undefined): string[][] {
  return (text ?? "").split("\n")
    .map((line) => (line.split("#")[0] ?? "").trim().split(/\s+/))
    .filter((words) => words[0] !== "");
}

/** Python's `socket.getfqdn`: the first name with a dot that the host's address goes by. */
function fullName(host: HostFacts): string {
  const name = host.hostname();
  const lines = hostsLines(host.read("/etc/hosts"));
  const address = lines.find((words) => words.slice(1).includes(name))?.[0];
  const names = lines.find((words) => words[0] === address)?.slice(1);
  if (address !== undefined && names) {
    return names.find((candidate) => candidate.includes(".")) ?? names[0] ?? name;
  }
  return (name.includes(".") ? undefined : host.resolveFullName()) ?? name;
}

function* candidates(host: HostFacts): Iterable<string> {
  yield fullName(host);
  yield host.hostname();
  for (const file of ["/etc/hostname", "/etc/nodename", "/etc/hosts"]) {
    for (const words of hostsLines(host.read(file))) {
      const first = words[0] ?? "";
      if (words.length === 1 || first.startsWith("127.") || first.startsWith("::1")) yield* words;
    }
  }
  yield* host.addresses();
}

/** The host's best name: its full name, else another that is not everyone's, else an address. */
export function generateMinionId(host: HostFacts = thisHost): string {
  for (const name of candidates(host)) {
    if (name !== "" && !LOCAL_NAMES.some((pattern) => pattern.test(name))) return name;
  }
  return "localhost";
}

/** What decides about the id. */
export interface IdOptions {
  minion_id_caching: boolean;
  minion_id_lowercase: boolean;
  minion_id_remove_domain: boolean | string;
  append_domain: string | undefined;
  /** The file `minion_id`. */
  cacheFile: string;
  /** Whether to remember a guessed id there. */
  remember: boolean;
  warn(message: string): void;
}

function removeDomain(id: string, rule: boolean | string): string {
  if (rule === true) return id.split(".", 1)[0] ?? id;
  if (typeof rule === "string" && rule !== "") {
    const end = `.${rule}`;
    if (id.toUpperCase().endsWith(end.toUpperCase())) return id.slice(0, -end.length);
  }
  return id;
}

/** The id of an earlier start. */
function rememberedId(file: string, host: HostFacts): string | undefined {
  const first = host.read(file)?.replace(/^\ufeff/, "").split("\n", 1)[0]?.trim();
  return first && first !== "localhost" ? first : undefined;
}

function remember(id: string, options: IdOptions): void {
  try {
    ensureDir(dirname(options.cacheFile));
    atomicWriteSync(options.cacheFile, id);
  } catch (error) {
    options.warn(`Cannot remember the minion id: ${(error as Error).message}`);
  }
}

/** The id without `append_domain`, from the cache or from the host. */
function findId(options: IdOptions, host: HostFacts): string {
  const known = options.minion_id_caching ? rememberedId(options.cacheFile, host) : undefined;
  if (known !== undefined) return known;
  let id = generateMinionId(host);
  if (options.minion_id_lowercase) id = id.toLowerCase();
  id = removeDomain(id, options.minion_id_remove_domain);
  if (options.remember && options.minion_id_caching) remember(id, options);
  return id;
}

/** `id` with the domain, where it has none of it yet and is not an address. */
function appendDomain(id: string, domain: string | undefined): string {
  if (!domain || id.endsWith(domain) || id.endsWith(".")) return id;
  return `${id}.${domain}`;
}

/**
 * The minion's id.
 *
 * @param given `id` of the configuration, empty when there is none.
 * @throws SaltConfigurationError when it cannot be an id.
 */
export function discoverId(
  given: string,
  options: IdOptions,
  host: HostFacts = thisHost,
): string {
  const found = given || findId(options, host);
  const guessedAddress = given === "" && /^\d+(?:\.\d+){3}$/.test(found);
  const id = guessedAddress ? found : appendDomain(found, options.append_domain);
  if (isValidMinionId(id)) return id;
  throw new SaltConfigurationError(
    `Cannot use "${id}" as minion id: wanted up to 253 bytes without "/", "\\", control characters ` +
      `or a leading dot; set "id" in the configuration${
        given ? "" : ` or correct "${options.cacheFile}"`
      }`,
  );
}
