/**
 * The runtime on Node, and in the built executable.
 * @module
 */
import { loadAddon, loadAddonForThreads } from "./node_addon.ts";
import { sea, threadSource } from "./node_embedded.ts";
import { openLibc } from "./node_libc.ts";
import { careForMemory, releaseMemory } from "./node_memory.ts";
import { raiseOpenFiles } from "./raise_open_files.ts";
import { probeConnections } from "./tcp_keepalive.ts";
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
    careForMemory,
    selfCommand() {
      if (runtime.isExecutable) return [process.execPath];
      const program = new URL("../../mod.ts", import.meta.url).pathname;
      return [process.execPath, "--disable-warning=ExperimentalWarning", program];
    },
    spawnThread(name, data) {
      hookExit();
      const source = options.threadMain ? undefined : threadSource();
      if (source !== undefined) {
        loadAddonForThreads();
        return startThread({ source }, name, data);
      }
      const file = options.threadMain ?? new URL("../thread_main.ts", import.meta.url);
      return startThread({ file }, name, data);
    },
    async importFile(address) {
      return await (await import("./import_file.ts")).importFile(address);
    },
    aesCbcEncrypt(key, iv, plaintext) {
      const { createCipheriv } = process.getBuiltinModule("node:crypto");
      const cipher = createCipheriv(cipherName(key), key, iv);
      return [...plaintext.map((part) => cipher.update(part)), cipher.final()];
    },
    aesCbcDecrypt(key, iv, ciphertext) {
      const { createDecipheriv } = process.getBuiltinModule("node:crypto");
      const decipher = createDecipheriv(cipherName(key), key, iv);
      // By hand, because `final` would give the last block apart, and joining the two is a copy.
      decipher.setAutoPadding(false);
      if (ciphertext.length % 16 !== 0) throw new RangeError("Not whole blocks");
      return withoutPadding(decipher.update(ciphertext));
    },
    raiseOpenFiles: (wanted) => raiseOpenFiles(wanted, openLibc),
    probeConnections: (listener, numbers) => probeConnections(listener, numbers, openLibc),
    async sdNotify(state) {
      const { sdNotify } = await import("./sd_notify.ts");
      await sdNotify(state, openLibc);
    },
    async syslog(message) {
      const { writeSyslog } = await import("./syslog.ts");
      writeSyslog(message, openLibc);
    },
    becomeUser: (user) =>
      becomeUser(user, (name, gid) => {
        (process as unknown as { initgroups(user: string, gid: number): void })
          .initgroups(name, gid);
      }),
  };
  return runtime;
}

/** Takes PKCS#7 padding off. @throws RangeError when it is wrong. */
function withoutPadding(plain: Uint8Array): Uint8Array {
  const count = plain.at(-1) ?? 0;
  const padding = plain.subarray(-count);
  if (count < 1 || count > 16 || padding.some((byte) => byte !== count)) {
    throw new RangeError("Wrong padding");
  }
  return plain.subarray(0, plain.length - count);
}
