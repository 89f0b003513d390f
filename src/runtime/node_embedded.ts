/**
 * What the built executable carries with it, and how it reaches it.
 * @module
 */
import { embeddedAddonFiles } from "./node_unpack.ts";
import { workerThreads } from "./threads.ts";

/**
 * Assets of the executable, as the build names them: the program's scripts one after the other, what V8
 * compiled of them beforehand (empty when made for another processor), where each of them lies, and
 * zeromq's addon.
 */
export const ASSETS = {
  scripts: "saltx.js",
  codeCache: "saltx.cache",
  index: "saltx.json",
  addon: "zeromq.node",
} as const;

/**
 * Start and length of a script and of its compiled code, in bytes, a length of 0 for none; whether the
 * script is compressed (zstd), as those are that short commands do without.
 */
export type ScriptPlace = readonly [number, number, number, number, boolean];

/** The scripts that the program and its threads begin with. */
export const ENTRY = { program: "main.js", thread: "thread.js" } as const;

/** The global that tells the launcher that it runs in a thread. */
export const THREAD_MARK = "saltxThread";

/**
 * What the executable and each of its threads begin with: `require` for the program's scripts. Node's
 * larger modules are loaded when one of their functions is first used: most commands need only a few
 * of them.
 */
export const LAUNCHER = `"use strict";
const { getRawAsset } = require("node:sea");
const { Script } = require("node:vm");
const LARGE = new Set(["node:child_process", "node:crypto", "node:dns/promises", "node:fs/promises",
  "node:net", "node:sqlite", "node:zlib"]);
const lazily = (name) => {
  let module;
  const real = () => module ??= require(name);
  const proxy = new Proxy({}, {
    get: (_, key) => real()[key],
    ownKeys: () => Reflect.ownKeys(real()),
    getOwnPropertyDescriptor: (_, key) => ({ value: real()[key], enumerable: true, configurable: true }),
  });
  loaded.set(name, { exports: proxy });
  return proxy;
};
const asset = (name) => Buffer.from(getRawAsset(name));
const index = JSON.parse(asset("${ASSETS.index}").latin1Slice());
const sources = asset("${ASSETS.scripts}");
const compiled = asset("${ASSETS.codeCache}");
const loaded = new Map();
const builtin = (name) => LARGE.has(name) ? lazily(name) : require(name);
const load = (name) => {
  const known = loaded.get(name);
  if (known) return known.exports;
  if (!name.startsWith("./")) return builtin(name.replace(/^(?!node:)/, "node:"));
  const filename = name.slice(2);
  const module = { exports: {} };
  loaded.set(name, module);
  const [start, length, codeStart, codeLength, packed] = index[filename];
  const options = { filename };
  if (codeLength > 0) options.cachedData = compiled.subarray(codeStart, codeStart + codeLength);
  let source = sources.subarray(start, start + length);
  if (packed) source = require("node:zlib").zstdDecompressSync(source);
  const script = new Script(source.latin1Slice(), options);
  script.runInThisContext()(load, module, module.exports);
  return module.exports;
};
if (globalThis.${THREAD_MARK}) load("./${ENTRY.thread}");
else load("./${ENTRY.program}").runProgram();
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
  if (isThread()) return [String(workerThreads().getEnvironmentData(ADDON_KEY))];
  return embeddedAddonFiles(new Uint8Array(assets.getRawAsset(ASSETS.addon)));
}

/** Whether the launcher runs in a thread; asked of a global, as `node:worker_threads` takes long to load. */
function isThread(): boolean {
  return (globalThis as Record<string, unknown>)[THREAD_MARK] === true;
}

/** Tells threads that are started from now on where the addon is. */
export function shareAddon(path: string): void {
  workerThreads().setEnvironmentData(ADDON_KEY, path);
}

/** What a thread of the executable runs; undefined when this is not the executable. */
export function threadSource(): string | undefined {
  return sea() ? `globalThis.${THREAD_MARK} = true;\n${LAUNCHER}` : undefined;
}
