/**
 * Users' outputters. A command line tool has nothing to do until the text is there, so it waits for the
 * thread.
 * @module
 */
import { runtime } from "../../runtime/mod.ts";
import type { ThreadPort } from "../../runtime/types.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import { pack, read } from "../thread_values.ts";
import { memberOf } from "./contract.ts";
import { customFiles } from "./files.ts";
import { CustomCodeError, LOAD_LIMIT } from "./host.ts";
import { loadCustom } from "./load_file.ts";
import type { CustomFile } from "./messages.ts";

/** Name of the entry point in `src/threads.ts`. */
export const OUTPUT_THREAD = "custom-output";

/** Bytes of text that an outputter may give. */
const MAX_TEXT = 64 * 1024 * 1024;

/** What the flag says. */
const DONE = 1;
const FAILED = 2;

interface OutputJob {
  file: CustomFile;
  data: Uint8Array;
  options: Uint8Array;
  /** One Int32: what came of it. */
  flag: SharedArrayBuffer;
  /** The text, or what went wrong. It grows. */
  text: SharedArrayBuffer;
}

/** A user's outputter by its name; undefined: there is none. */
export function customOutputter(
  opts: object,
  name: string,
): ((data: Data, options: DataMap) => string) | undefined {
  const file = customFiles(opts, "output").find((one) => one.name === name);
  return file && ((data, options) => show(file, data, options));
}

/** @throws CustomCodeError when it fails, or takes longer than ten seconds. */
function show(file: CustomFile, data: Data, options: DataMap): string {
  const flag = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const text = new SharedArrayBuffer(0, { maxByteLength: MAX_TEXT });
  const job: OutputJob = { file, data: pack(data), options: pack(options), flag, text };
  const thread = runtime.spawnThread(OUTPUT_THREAD, job);
  thread.keepsAlive(false);
  const cells = new Int32Array(flag);
  Atomics.wait(cells, 0, 0, LOAD_LIMIT);
  void thread.terminate();
  const state = Atomics.load(cells, 0);
  if (state === 0) {
    const seconds = LOAD_LIMIT / 1000;
    throw new CustomCodeError(`${file.path} does not come to an end within ${seconds} s`);
  }
  const bytes = new Uint8Array(text.byteLength);
  bytes.set(new Uint8Array(text));
  const said = new TextDecoder().decode(bytes);
  if (state === FAILED) throw new CustomCodeError(`${file.path}: ${said}`);
  return said;
}

/** The thread's entry point. */
export async function run(data: unknown, port: ThreadPort): Promise<void> {
  const { file, data: packed, options, flag, text } = data as OutputJob;
  const finish = (state: number, said: string) => {
    const bytes = new TextEncoder().encode(said);
    text.grow(Math.min(bytes.length, MAX_TEXT));
    new Uint8Array(text).set(bytes.subarray(0, MAX_TEXT));
    Atomics.store(new Int32Array(flag), 0, state);
    Atomics.notify(new Int32Array(flag), 0);
  };
  try {
    const member = memberOf(file, await loadCustom(file), "");
    finish(DONE, String(await member(read(packed), read(options))));
  } catch (error) {
    finish(FAILED, error instanceof Error ? error.message : String(error));
  } finally {
    port.close();
  }
}
