/**
 * Facts about this machine, under Salt's names.
 *
 * What belongs to Python has no grain here: `pythonversion`, `pythonpath`, `pythonexecutable`,
 * `saltpath`.
 * @module
 */
import type { MinionOpts } from "../../config/mod.ts";
import { type DataMap, isMap } from "../../types/mod.ts";
import { SALT_COMPAT_VERSION, SALT_COMPAT_VERSION_INFO, VERSION } from "../../version.ts";
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

export { staticGrains, staticGrainsPath } from "./static.ts";

/**
 * Collects the grains of this machine; what takes time runs side by side. Static grains win over
 * those of the machine, and `grains` of the config over both. Keys come sorted.
 */
export async function loadGrains(opts: MinionOpts): Promise<DataMap> {
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
  const grains: DataMap = Object.assign(
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
    await staticGrains(opts.conf_file),
    isMap(opts.grains) ? opts.grains : {},
  );
  const shown = withoutBlacklisted(grains, [...(opts.grains_blacklist ?? [])].map(String));
  return Object.fromEntries(Object.entries(shown).sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0));
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
