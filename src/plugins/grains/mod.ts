/**
 * Facts about this machine, under Salt's names.
 *
 * What belongs to Python has no grain here: `pythonversion`, `pythonpath`, `pythonexecutable`,
 * `saltpath`.
 * @module
 */
import type { MinionOpts } from "../../config/mod.ts";
import { customFiles } from "../../loader/custom/files.ts";
import { updateMap } from "../../loader/dict_update.ts";
import { type DataMap, isMap } from "../../types/mod.ts";
import { SALT_COMPAT_VERSION, SALT_COMPAT_VERSION_INFO, VERSION } from "../../version.ts";
import { cachedGrains, cacheGrains } from "./cache.ts";
import { osGrains } from "./os.ts";
import {
  diskGrains,
  efiGrains,
  firmwareGrains,
  gpuGrains,
  parseCpuInfo,
  parseMemInfo,
  zfsGrains,
} from "./hardware.ts";
import { readText } from "./host_files.ts";
import { dnsGrain, fqdnsGrain, gatewayGrains, interfaceGrains, nameGrains } from "./network.ts";
import { staticGrains, withoutBlacklisted } from "./static.ts";
import {
  identityGrains,
  initGrain,
  kernelGrains,
  localeGrain,
  processGrains,
  selinuxGrains,
  systemdGrains,
} from "./system.ts";
import { virtualGrains } from "./virtual.ts";

export { clearCachedGrains } from "./cache.ts";
export { staticGrains, staticGrainsPath } from "./static.ts";

/**
 * The grains of this machine. Users' grains win over those of the machine, static ones over both, and
 * `grains` of the config over all; `grains_deep_merge` puts maps together. Keys come sorted.
 *
 * @param fresh Collects them also when `grains_cache` has some.
 */
export async function loadGrains(opts: MinionOpts, fresh = false): Promise<DataMap> {
  const kept = fresh ? null : cachedGrains(opts);
  if (kept !== null) return kept;
  const grains = await collectGrains(opts);
  cacheGrains(opts, grains);
  return grains;
}

/** Collects grains; what takes time runs side by side. */
async function collectGrains(opts: MinionOpts): Promise<DataMap> {
  const kernel = kernelGrains();
  const interfaces = await interfaceGrains();
  const addresses = [...interfaces["ipv4"] as string[], ...interfaces["ipv6"] as string[]];
  const slow = await Promise.all([
    osGrains(String(kernel["cpuarch"])),
    nameGrains(),
    opts.enable_fqdns_grains === false
      ? { fqdns: [] }
      : fqdnsGrain(addresses.filter((one) => !/^(127\.|::1$|fe80:)/.test(one))),
    gatewayGrains(),
    gpuGrains(opts.enable_lspci !== false && opts.enable_gpu_grains !== false),
    virtualGrains(),
    systemdGrains(),
    selinuxGrains(),
    zfsGrains(),
  ]);
  const own: DataMap = Object.assign(
    { ...kernel, ...interfaces },
    parseCpuInfo(readText("/proc/cpuinfo") ?? ""),
    parseMemInfo(readText("/proc/meminfo") ?? ""),
    firmwareGrains(),
    diskGrains(),
    efiGrains(),
    initGrain(),
    localeGrain(),
    dnsGrain(),
    processGrains(),
    versionGrains(opts),
    ...slow,
    identityGrains(opts.id),
  );
  const sources = [own, await usersGrains(opts, own), await staticGrains(opts.conf_file)];
  const merged = opts.grains_deep_merge
    ? sources.reduce((under, over) => updateMap(under, over))
    : Object.assign({}, ...sources);
  const grains: DataMap = { ...merged, ...(isMap(opts.grains) ? opts.grains : {}) };
  const shown = withoutBlacklisted(grains, [...(opts.grains_blacklist ?? [])].map(String));
  return Object.fromEntries(Object.entries(shown).sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0));
}

async function usersGrains(opts: MinionOpts, own: DataMap): Promise<DataMap> {
  if (customFiles(opts, "grains").length === 0) return {};
  const { customGrains } = await import("../../loader/custom/grains.ts");
  return await customGrains(opts, own);
}

function versionGrains(opts: MinionOpts): DataMap {
  const master = opts.master;
  return {
    master: typeof master === "string" ? master : [...master as string[]],
    saltversion: SALT_COMPAT_VERSION,
    saltversioninfo: [...SALT_COMPAT_VERSION_INFO],
    saltxversion: VERSION,
    ...(opts.append_domain ? { append_domain: opts.append_domain } : {}),
  };
}
