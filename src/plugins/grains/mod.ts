/**
 * Facts about this machine.
 * @module
 */
import { arch, hostname, release, totalmem } from "node:os";
import type { MinionOpts } from "../../config/mod.ts";
import type { DataMap } from "../../types/mod.ts";
import { SALT_COMPAT_VERSION, SALT_COMPAT_VERSION_INFO, VERSION } from "../../version.ts";

/** Collects the grains of this machine; keys come in sorted order. */
export function loadGrains(opts: MinionOpts): Promise<DataMap> {
  return Promise.resolve({
    cpuarch: arch() === "x64" ? "x86_64" : arch(),
    host: hostname(),
    id: opts.id,
    kernel: "Linux",
    kernelrelease: release(),
    mem_total: Math.floor(totalmem() / 1024 / 1024),
    saltversion: SALT_COMPAT_VERSION,
    saltversioninfo: [...SALT_COMPAT_VERSION_INFO],
    saltxversion: VERSION,
  });
}
