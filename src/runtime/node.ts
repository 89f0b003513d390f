/**
 * The runtime on Node, and in the built executable.
 * @module
 */
import { loadAddon } from "./node_addon.ts";
import { sea, threadSource } from "./node_embedded.ts";
import { openLibc } from "./node_libc.ts";
import { releaseMemory } from "./node_memory.ts";
import { becomeUser } from "./user.ts";
import { drained } from "./open_sockets.ts";
import { startThread, stopThreads } from "./threads.ts";
import type { Runtime } from "./types.ts";

function cipherName(key: Uint8Array): string {
  return `aes-${key.length * 8}-cbc`;
}

let exitIsHooked = false;

/**
 * The end of the program takes its threads with it, which must have closed their sockets by then.
 * If one is too stuck for that, the process is left without ceremony, but with its exit code.
 */
function hookExit(): void {
  if (exitIsHooked) return;
  exitIsHooked = true;
  process.on("exit", (code) => {
    if (!stopThreads()) exitAtOnce(code);
  });
}

function exitAtOnce(code: number): void {
  try {
    openLibc({ _exit: { parameters: ["i32"], result: "i32" } })._exit(code);
  } catch {
    process.kill(process.pid, "SIGKILL");
  }
}

/** @param threadMain the program of worker threads, when it is not the project's own. */
export function nodeRuntime(options: { threadMain?: URL } = {}): Runtime {
  const runtime: Runtime = {
    name: "node",
    get isExecutable() {
      return sea() !== null;
    },
    versions() {
      const { node, v8, uv, openssl, sqlite } = process.versions;
      return Promise.resolve({
        "Node.js": node,
        V8: v8,
        libuv: uv ?? "",
        OpenSSL: openssl ?? "",
        SQLite: sqlite ?? "",
        libzmq: loadAddon().version,
      });
    },
    async openSocket(type, options = {}) {
      const { NodeSocket } = await import("./node_socket.ts");
      return new NodeSocket(type, options);
    },
    drained,
    releaseMemory,
    selfCommand() {
      if (runtime.isExecutable) return [process.execPath];
      const program = new URL("../../mod.ts", import.meta.url).pathname;
      return [process.execPath, "--disable-warning=ExperimentalWarning", program];
    },
    spawnThread(name, data) {
      hookExit();
      const source = options.threadMain ? undefined : threadSource();
      if (source !== undefined) {
        loadAddon();
        return startThread({ source }, name, data);
      }
      const file = options.threadMain ?? new URL("../thread_main.ts", import.meta.url);
      return startThread({ file }, name, data);
    },
    aesCbcEncrypt(key, iv, plaintext) {
      const { createCipheriv } = process.getBuiltinModule("node:crypto");
      const cipher = createCipheriv(cipherName(key), key, iv);
      const head = cipher.update(plaintext);
      return Buffer.concat([head, cipher.final()]);
    },
    aesCbcDecrypt(key, iv, ciphertext) {
      const { createDecipheriv } = process.getBuiltinModule("node:crypto");
      const decipher = createDecipheriv(cipherName(key), key, iv);
      const head = decipher.update(ciphertext);
      return Buffer.concat([head, decipher.final()]);
    },
    async sdNotify(state) {
      const { sdNotify } = await import("./sd_notify.ts");
      await sdNotify(state, openLibc);
    },
    becomeUser: (user) =>
      becomeUser(user, (name, gid) => {
        (process as unknown as { initgroups(user: string, gid: number): void })
          .initgroups(name, gid);
      }),
  };
  return runtime;
}
