/**
 * The runtime on Deno.
 * @module
 */
import { Buffer } from "node:buffer";
import { cbc } from "@noble/ciphers/aes.js";
import { openLibc } from "./deno_libc.ts";
import { cString } from "./libc.ts";
import { startThread } from "./threads.ts";
import type { Runtime } from "./types.ts";
import { raiseOpenFiles } from "./raise_open_files.ts";
import { probeConnections } from "./tcp_keepalive.ts";
import { becomeUser } from "./user.ts";

/** `initgroups(3)`, which Deno does not have. */
function initgroups(user: string, gid: number): void {
  const libc = openLibc({ initgroups: { parameters: ["buffer", "u32"], result: "i32" } });
  if (libc.initgroups(cString(user), gid) !== 0) throw new Error("Operation not permitted");
}

/** @param threadMain the program of worker threads, when it is not the project's own. */
export function denoRuntime(options: { threadMain?: URL } = {}): Runtime {
  return {
    name: "deno",
    get isExecutable() {
      return Deno.build.standalone;
    },
    async versions() {
      const { zmqVersion } = await import("./deno_zmq.ts");
      const { openssl, sqlite } = process.versions;
      return {
        Deno: Deno.version.deno,
        V8: Deno.version.v8,
        OpenSSL: openssl ?? "",
        SQLite: sqlite ?? "",
        libzmq: zmqVersion(),
      };
    },
    async openSocket(type, options = {}) {
      const { DenoSocket } = await import("./deno_socket.ts");
      return new DenoSocket(type, options);
    },
    // The end of the program waits by itself; see deno_zmq.ts.
    drained: () => Promise.resolve(),
    releaseMemory() {},
    careForMemory: () => () => {},
    selfCommand() {
      if (Deno.build.standalone) return [Deno.execPath()];
      const program = new URL("../../mod.ts", import.meta.url).pathname;
      return [Deno.execPath(), "run", "--quiet", "--allow-all", program];
    },
    spawnThread(name, data) {
      const file = options.threadMain ?? new URL("../thread_main.ts", import.meta.url);
      return startThread({ file }, name, data);
    },
    importFile: (address) => import(address),
    // Deno's node:crypto has no AES-192, which is Salt's default.
    aesCbcEncrypt: (key, iv, plaintext) => [cbc(key, iv).encrypt(Buffer.concat(plaintext))],
    aesCbcDecrypt: (key, iv, ciphertext) => cbc(key, iv).decrypt(ciphertext),
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
    becomeUser: (user) => becomeUser(user, initgroups),
  };
}
