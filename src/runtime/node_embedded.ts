/**
 * What the built executable carries with it, and how it reaches it.
 * @module
 */
import { embeddedAddonFiles } from "./node_unpack.ts";
import { workerThreads } from "./threads.ts";

/**
 * Assets of the executable, as the build names them: the program as a function of `require`, what V8
 * compiled of it beforehand (empty when made for another processor), and zeromq's addon.
 */
export const ASSETS = {
  bundle: "saltx.js",
  codeCache: "saltx.cache",
  addon: "zeromq.node",
} as const;

/** The global that tells the bundle that it runs in a thread. */
export const THREAD_MARK = "saltxThread";

/**
 * The script that the executable and each of its threads begin with. Node's larger modules are
 * loaded when one of their functions is first used: most commands need only a few of them.
 */
export const LAUNCHER = `"use strict";
const { getRawAsset } = require("node:sea");
const LARGE = new Set(["node:child_process", "node:crypto", "node:dns/promises", "node:net",
  "node:sqlite", "node:zlib"]);
const lazily = (name) => {
  let module;
  return new Proxy({}, { get: (_, key) => (module ??= require(name))[key] });
};
const load = (name) => LARGE.has(name) ? lazily(name) : require(name);
const { Script } = require("node:vm");
const source = Buffer.from(getRawAsset("${ASSETS.bundle}")).latin1Slice();
const cachedData = Buffer.from(getRawAsset("${ASSETS.codeCache}"));
const options = { filename: "${ASSETS.bundle}" };
if (cachedData.length > 0) options.cachedData = cachedData;
new Script(source, options).runInThisContext()(load);
`;

/** Under which a thread finds where the program loaded the addon from. */
const ADDON_KEY = "saltx.addon";

/** `node:sea`, as far as it is used. */
export interface Sea {
  isSea(): boolean;
  getRawAsset(key: string): ArrayBuffer;
}

let found: Sea | null | undefined;

/** `node:sea` when this is the built executable. */
export function sea(): Sea | null {
  if (found === undefined) {
    const module = (process.getBuiltinModule as (name: string) => unknown)("node:sea");
    found = module && (module as Sea).isSea() ? module as Sea : null;
  }
  return found;
}

/**
 * Paths to load the embedded addon from, made as they are asked for; undefined when this is not the
 * executable. A thread gets the path that its program loaded, so that both share one libzmq.
 */
export function embeddedAddon(): Iterable<string> | undefined {
  const assets = sea();
  if (!assets) return undefined;
  const shared = workerThreads().getEnvironmentData(ADDON_KEY);
  if (typeof shared === "string") return [shared];
  return embeddedAddonFiles(new Uint8Array(assets.getRawAsset(ASSETS.addon)));
}

/** Tells threads that are started from now on where the addon is. */
export function shareAddon(path: string): void {
  workerThreads().setEnvironmentData(ADDON_KEY, path);
}

/** What a thread of the executable runs; undefined when this is not the executable. */
export function threadSource(): string | undefined {
  return sea() ? `globalThis.${THREAD_MARK} = true;\n${LAUNCHER}` : undefined;
}
