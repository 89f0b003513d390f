/**
 * `saltx cp`: copies files of this machine to minions. (`salt/cli/cp.py:SaltCP`)
 * @module
 */
import { Buffer } from "node:buffer";
import { open, readdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { type LocalClient, type MinionResult, NoMinionsError } from "../client/mod.ts";
import type { MasterOpts } from "../config/mod.ts";
import { EX, messageOf, SaltException } from "../errors.ts";
import type { Data, DataMap, Target } from "../types/mod.ts";
import { toolHelp } from "./help.ts";
import { flagOption, type Invocation, numberOption, type RunTool } from "./invocation.ts";
import { Output } from "./output.ts";
import { readTarget } from "./salt_args.ts";
import { loadToolConfig } from "./tool_config.ts";
import { UsageError } from "./usage_error.ts";

/** Exit code of a source that is not there. */
const NO_SOURCE = 42;

/** What the tool reaches out with; tests hand in their own. */
export interface CpParts {
  loadConfig(call: Invocation): MasterOpts;
  openClient(opts: MasterOpts): Promise<LocalClient>;
}

/** The program of `saltx cp`. */
export const run: RunTool = (call) =>
  runCp(call, {
    loadConfig: loadToolConfig,
    openClient: async (opts) => (await import("../client/mod.ts")).openLocalClient(opts),
  });

/** One file or empty folder to copy. */
interface Item {
  readonly path: string;
  /** Where it goes on minions. */
  readonly dest: string;
  /** Permission bits; null for an empty folder. */
  readonly mode: number | null;
}

/** Copies as the command line says. Gives the exit code. */
export async function runCp(call: Invocation, parts: CpParts): Promise<number> {
  const [word, ...paths] = call.args;
  const dest = paths.pop();
  if (word === undefined || dest === undefined || paths.length === 0) {
    call.io.out(toolHelp(call.tool, call.program, call.io.columns - 2));
    throw new UsageError("Insufficient arguments");
  }
  const target = readTarget(call, word);
  const opts = parts.loadConfig(call);
  const output = new Output(call, opts);
  const sources = await Promise.all(paths.map(realSource));
  const client = await parts.openClient(opts);
  try {
    const timeout = call.explicit.has("timeout") ? numberOption(call, "timeout", 0) : 0;
    const copy = new Copy(client, target, timeout > 0 ? timeout : opts.timeout);
    if (flagOption(call, "chunked")) {
      const size = opts.salt_cp_chunk_size;
      const items = await listItems(sources, dest);
      for (const item of items) await copy.inPieces(item, size, flagOption(call, "gzip"));
    } else {
      await copy.whole(await readTexts(sources), dest);
    }
    output.show(copy.results);
    return copy.failed ? EX.GENERIC : EX.OK;
  } catch (error) {
    if (!(error instanceof NoMinionsError)) throw error;
    output.note(error.message);
    call.io.err("ERROR: No return received\n");
    return error.exitCode;
  } finally {
    client.close();
  }
}

async function realSource(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const why = (error as { code?: string }).code === "ENOENT" ? "" : `: ${messageOf(error)}`;
    throw new SaltException(`${path} does not exist${why}`, { cause: error, exitCode: NO_SOURCE });
  }
}

/** Collects what the minions said of each path. */
class Copy {
  readonly results: DataMap = {};
  failed = false;
  readonly #client: LocalClient;
  readonly #target: Target;
  readonly #timeout: number;

  constructor(client: LocalClient, target: Target, timeout: number) {
    this.#client = client;
    this.#target = target;
    this.#timeout = timeout;
  }

  async #send(fun: string, arg: Data[]): Promise<MinionResult[]> {
    const results: MinionResult[] = [];
    const request = { target: this.#target, fun, arg, timeout: this.#timeout };
    for await (const result of this.#client.run(request)) {
      results.push(result);
      if (result.end !== "returned") this.failed = true;
    }
    return results;
  }

  /** Small text files, all in one message. */
  async whole(files: DataMap, dest: string): Promise<void> {
    for (const { id, ret } of await this.#send("cp.recv", [files, dest])) {
      this.results[id] = ret;
      const copied = typeof ret === "object" && ret !== null && !Array.isArray(ret);
      if (!copied || Object.values(ret).some((done) => done !== true)) this.failed = true;
    }
  }

  /** A file in pieces. What a minion said first of a piece that failed is what it said of the file. */
  async inPieces(item: Item, size: number, compress: boolean): Promise<void> {
    const failures = new Set<string>();
    let append = false;
    for await (const piece of pieces(item, size, compress)) {
      const arg = piece === null
        ? [item.dest, null]
        : [item.dest, piece, append, compress, item.mode];
      for (const { id, ret } of await this.#send("cp.recv_chunked", arg)) {
        const results = this.results[id] ??= {};
        if (!failures.has(id)) (results as DataMap)[item.dest] = ret;
        if (ret !== true) {
          failures.add(id);
          this.failed = true;
        }
      }
      append = true;
    }
  }
}

/**
 * Stands before each piece. Without it a piece of letters and digits alone that ends in one `=` reads as
 * a keyword argument; decoders of base64 pass over it.
 */
const NOT_A_KEYWORD = "\n";

/** The content in base64, a piece at a time; null for an empty folder. */
async function* pieces(
  { path, mode }: Item,
  size: number,
  compress: boolean,
): AsyncGenerator<string | null> {
  if (mode === null) return yield null;
  const file = await open(path, "r");
  try {
    const buffer = new Uint8Array(size);
    for (let first = true;; first = false) {
      const { bytesRead } = await file.read(buffer, 0, size);
      if (bytesRead === 0 && !first) return;
      const piece = Buffer.from(buffer.subarray(0, bytesRead));
      const text = (compress ? await promisify(gzip)(piece) : piece).toString("base64");
      yield text === "" ? "" : NOT_A_KEYWORD + text;
      if (bytesRead < size) return;
    }
  } finally {
    await file.close();
  }
}

async function readTexts(sources: readonly string[]): Promise<DataMap> {
  const files: DataMap = {};
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  for (const path of sources) {
    if ((await stat(path)).isDirectory()) {
      throw new SaltException(
        `${path} is a directory, only files are supported in non-chunked mode. Use "--chunked" ` +
          "command line argument.",
      );
    }
    try {
      files[path] = decoder.decode(await readFile(path));
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw new SaltException(`${path} is not text. Use "--chunked" command line argument.`);
    }
  }
  return files;
}

/** All files below the sources, and folders without any. */
async function listItems(sources: readonly string[], dest: string): Promise<Item[]> {
  const found: { source: string; path: string; mode: number | null }[] = [];
  for (const source of sources) {
    for (const item of await walk(source)) found.push({ source, ...item });
  }
  const intoFolder = found.length > 1 || found.some(({ mode }) => mode === null) ||
    /[\\/]$/.test(dest);
  return found.map(({ source, path, mode }) => {
    const inside = path === source ? "" : relative(source, path);
    const target = inside === "" && !intoFolder ? dest : join(dest, basename(source), inside);
    return { path, mode, dest: target };
  });
}

async function walk(path: string): Promise<{ path: string; mode: number | null }[]> {
  const info = await stat(path);
  if (!info.isDirectory()) return [{ path, mode: info.mode & 0o7777 }];
  const names = (await readdir(path)).sort();
  if (names.length === 0) return [{ path, mode: null }];
  const inner: { path: string; mode: number | null }[] = [];
  for (const name of names) inner.push(...await walk(join(path, name)));
  return inner;
}
