/**
 * The execution modules that saltx has, and the registry made of them.
 * @module
 */
import type { MinionOpts } from "../../config/mod.ts";
import { customFiles } from "../../loader/custom/files.ts";
import { createRegistry } from "../../loader/registry.ts";
import type { ExecutionModule, ModuleRegistry } from "../../loader/types.ts";
import type { DataMap } from "../../types/mod.ts";
import { alternatives } from "./alternatives.ts";
import { apkpkg } from "./apkpkg.ts";
import { aptpkg } from "./aptpkg/mod.ts";
import { archive } from "./archive/mod.ts";
import { beacons } from "./beacons.ts";
import { at } from "./at.ts";
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
import { extfs } from "./extfs.ts";
import { file } from "./file/mod.ts";
import { gitModule } from "./git/mod.ts";
import { gpgModule } from "./gpg/mod.ts";
import { grains } from "./grains/mod.ts";
import { groupadd } from "./groupadd.ts";
import { hashutil } from "./hashutil.ts";
import { hostsModule } from "./hosts.ts";
import { http } from "./http/mod.ts";
import { ipsetModule } from "./ipset.ts";
import { iptablesModule } from "./iptables/mod.ts";
import { key } from "./key.ts";
import { kmod } from "./kmod.ts";
import { linuxShadow } from "./linux_shadow.ts";
import { linuxSysctl } from "./linux_sysctl.ts";
import { localemod } from "./localemod.ts";
import { logmod } from "./logmod.ts";
import { logrotate } from "./logrotate.ts";
import { match } from "./match.ts";
import { mine } from "./mine.ts";
import { mountModule } from "./mount/mod.ts";
import { network } from "./network/mod.ts";
import { nftables } from "./nftables/mod.ts";
import { pacmanpkg } from "./pacmanpkg/mod.ts";
import { partedPartition } from "./parted_partition.ts";
import { pillar } from "./pillar.ts";
import { pipModule } from "./pip/mod.ts";
import { pkgResource } from "./pkg_resource.ts";
import { ps } from "./ps/mod.ts";
import { publish } from "./publish.ts";
import { random } from "./random.ts";
import { schedule } from "./schedule/mod.ts";
import { rpmLowpkg } from "./rpm_lowpkg.ts";
import { saltutil } from "./saltutil/mod.ts";
import { sdb } from "./sdb/mod.ts";
import { selinux } from "./selinux/mod.ts";
import { slsutil } from "./slsutil.ts";
import { ssh } from "./ssh/mod.ts";
import { status } from "./status/mod.ts";
import { sys } from "./sys.ts";
import { system } from "./system.ts";
import { systemdService } from "./systemd_service/mod.ts";
import { temp } from "./temp.ts";
import { debianService } from "./sysv_service/debian.ts";
import { gentooService } from "./sysv_service/openrc.ts";
import { rhService } from "./sysv_service/red_hat.ts";
import { test } from "./test/mod.ts";
import { timezone } from "./timezone.ts";
import { useradd } from "./useradd/mod.ts";
import { virtualenvMod } from "./virtualenv_mod.ts";
import { yumpkg } from "./yumpkg/mod.ts";
import { zypperpkg } from "./zypperpkg/mod.ts";

/** Every execution module, in the order in which they are asked whether they load. */
export const executionModules: readonly ExecutionModule[] = [
  alternatives,
  apkpkg,
  aptpkg,
  beacons,
  archive,
  at,
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
  extfs,
  file,
  gitModule,
  gpgModule,
  grains,
  groupadd,
  hashutil,
  hostsModule,
  http,
  ipsetModule,
  iptablesModule,
  key,
  kmod,
  linuxShadow,
  linuxSysctl,
  localemod,
  logmod,
  logrotate,
  match,
  mine,
  mountModule,
  network,
  nftables,
  pacmanpkg,
  partedPartition,
  pillar,
  pipModule,
  pkgResource,
  ps,
  publish,
  random,
  rpmLowpkg,
  saltutil,
  schedule,
  sdb,
  selinux,
  slsutil,
  ssh,
  status,
  sys,
  system,
  // Salt asks files of one name in the order of their own names.
  debianService,
  gentooService,
  rhService,
  systemdService,
  temp,
  test,
  timezone,
  useradd,
  virtualenvMod,
  yumpkg,
  zypperpkg,
];

/**
 * Loads the execution modules of a minion: the built-in ones, and those of users.
 * @throws LoaderError when two built-in modules claim a name or a descriptor is not whole.
 */
export async function buildRegistry(
  context: { opts: MinionOpts; grains: DataMap },
): Promise<ModuleRegistry> {
  if (customFiles(context.opts, "modules").length === 0) {
    return await createRegistry(executionModules, context);
  }
  const { customModules } = await import("../../loader/custom/execution.ts");
  return await createRegistry(executionModules, context, await customModules(context));
}
