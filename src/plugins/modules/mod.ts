/**
 * The execution modules that saltx has, and the registry made of them.
 * @module
 */
import type { MinionOpts } from "../../config/mod.ts";
import { createRegistry } from "../../loader/registry.ts";
import type { ExecutionModule, ModuleRegistry } from "../../loader/types.ts";
import type { DataMap } from "../../types/mod.ts";
import { alternatives } from "./alternatives.ts";
import { aptpkg } from "./aptpkg/mod.ts";
import { cmd } from "./cmd/mod.ts";
import { config } from "./config.ts";
import { cp } from "./cp/mod.ts";
import { cron } from "./cron/mod.ts";
import { data } from "./data.ts";
import { debconfmod } from "./debconfmod.ts";
import { defaults } from "./defaults.ts";
import { disk } from "./disk.ts";
import { dnsutil } from "./dnsutil.ts";
import { dpkgLowpkg } from "./dpkg_lowpkg.ts";
import { environ } from "./environ.ts";
import { event } from "./event.ts";
import { grains } from "./grains/mod.ts";
import { groupadd } from "./groupadd.ts";
import { hashutil } from "./hashutil.ts";
import { hostsModule } from "./hosts.ts";
import { http } from "./http/mod.ts";
import { iptablesModule } from "./iptables/mod.ts";
import { key } from "./key.ts";
import { kmod } from "./kmod.ts";
import { linuxShadow } from "./linux_shadow.ts";
import { linuxSysctl } from "./linux_sysctl.ts";
import { logrotate } from "./logrotate.ts";
import { match } from "./match.ts";
import { mine } from "./mine.ts";
import { mountModule } from "./mount/mod.ts";
import { network } from "./network/mod.ts";
import { pillar } from "./pillar.ts";
import { pkgResource } from "./pkg_resource.ts";
import { ps } from "./ps/mod.ts";
import { publish } from "./publish.ts";
import { random } from "./random.ts";
import { saltutil } from "./saltutil.ts";
import { sdb } from "./sdb/mod.ts";
import { selinux } from "./selinux/mod.ts";
import { slsutil } from "./slsutil.ts";
import { status } from "./status/mod.ts";
import { sys } from "./sys.ts";
import { system } from "./system.ts";
import { systemdService } from "./systemd_service/mod.ts";
import { test } from "./test/mod.ts";
import { useradd } from "./useradd/mod.ts";

/** Every execution module, in the order in which they are asked whether they load. */
export const executionModules: readonly ExecutionModule[] = [
  alternatives,
  aptpkg,
  cmd,
  config,
  cp,
  cron,
  data,
  debconfmod,
  defaults,
  disk,
  dnsutil,
  dpkgLowpkg,
  environ,
  event,
  grains,
  groupadd,
  hashutil,
  hostsModule,
  http,
  iptablesModule,
  key,
  kmod,
  linuxShadow,
  linuxSysctl,
  logrotate,
  match,
  mine,
  mountModule,
  network,
  pillar,
  pkgResource,
  ps,
  publish,
  random,
  saltutil,
  sdb,
  selinux,
  slsutil,
  status,
  sys,
  system,
  systemdService,
  test,
  useradd,
];

/**
 * Loads the built-in execution modules for a minion.
 * @throws LoaderError when two modules claim a name or a descriptor is not whole.
 */
export function buildRegistry(
  context: { opts: MinionOpts; grains: DataMap },
): Promise<ModuleRegistry> {
  return createRegistry(executionModules, context);
}
