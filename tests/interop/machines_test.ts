/**
 * Package and service managers of other systems: what they are told and what they answer, by real Salt on
 * one throw-away machine and by saltx on its twin.
 */
import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { makePacmanRepository, makeRpmRepository } from "../support/package_repositories.ts";
import { call, debian, runOn, withTwins } from "../support/twins.ts";

test("pkg of dnf", async () => {
  const release = 'ID=fedora\nNAME="Fedora Linux"\nVERSION_ID=40\nPRETTY_NAME="Fedora Linux 40"\n';
  await withTwins(release, async ({ folders, shared, put, compare }) => {
    const repository = join(shared, "rpm");
    await makeRpmRepository(folders[0]!, repository);
    const entry = `[local]\nname=Local\nbaseurl=file://${repository}\nenabled=1\ngpgcheck=0\n`;
    await put("etc/yum.repos.d/local.repo", entry);
    await compare([
      call("grains.item ¦ os ¦ os_family"),
      call("pkg.list_pkgs"),
      call("pkg.refresh_db"),
      call("pkg.list_repos"),
      call("pkg.get_repo ¦ local"),
      call("pkg.get_repo ¦ nosuch"),
      call("pkg.latest_version ¦ hello ¦ other ¦ nosuch ¦ refresh=False"),
      call("pkg.list_repo_pkgs ¦ hello"),
      call("pkg.available_version ¦ hello"),
      call("pkg.install ¦ hello ¦ version=1.0-1"),
      call("pkg.install ¦ hello ¦ version=1.0-1"),
      call("pkg.version ¦ hello ¦ other"),
      call("pkg.list_pkgs ¦ attr=[arch, version]"),
      call("pkg.list_upgrades ¦ refresh=False"),
      call("pkg.upgrade_available ¦ hello"),
      call("pkg.info_installed ¦ hello ¦ attr=version,license,summary"),
      call("pkg.owner ¦ /opt/hello/version"),
      call("pkg.owner ¦ /opt/hello/version ¦ /nosuch"),
      call("pkg.file_list ¦ hello"),
      call("pkg.file_dict ¦ hello"),
      call("lowpkg.list_pkgs"),
      call("lowpkg.verify ¦ hello"),
      call("file.append ¦ /opt/hello/version ¦ changed"),
      call("lowpkg.verify ¦ hello"),
      call("lowpkg.modified ¦ hello"),
      call("lowpkg.checksum ¦ /nosuch.rpm"),
      call("lowpkg.info ¦ hello ¦ attr=version,arch,packager"),
      call("lowpkg.version_cmp ¦ 1.0-1 ¦ 2.0-1"),
      call("pkg.upgrade ¦ name=hello"),
      call("pkg.install ¦ pkgs=[{hello: 1.0-1}, other]"),
      call("pkg.install ¦ nosuch"),
      call("pkg.mod_repo ¦ more ¦ name=More ¦ baseurl=file:///nowhere ¦ enabled=0"),
      call("pkg.get_repo ¦ more"),
      call("pkg.del_repo ¦ more"),
      call("pkg.remove ¦ other"),
      call("pkg.remove ¦ nosuch"),
      call("pkg.purge ¦ pkgs=[hello, other]"),
      call("pkg.list_pkgs"),
    ]);
  });
});

test("pkg of zypper", async () => {
  const release = 'ID="opensuse-leap"\nNAME="openSUSE Leap"\nVERSION_ID="15.6"\n' +
    'ID_LIKE="suse opensuse"\nPRETTY_NAME="openSUSE Leap 15.6"\n';
  await withTwins(release, async ({ folders, shared, put, compare }) => {
    const repository = join(shared, "rpm");
    await makeRpmRepository(folders[0]!, repository);
    const entry = `[local]\nname=Local\nbaseurl=file://${repository}\nenabled=1\ngpgcheck=0\n`;
    await put("etc/zypp/repos.d/local.repo", entry);
    // Debian's rpm keeps what it knows in the home of who calls it.
    await put("etc/rpm/macros", "%_dbpath /var/lib/rpm\n");
    await compare([
      call("grains.item ¦ os ¦ os_family"),
      call("pkg.list_pkgs"),
      call("pkg.refresh_db"),
      call("pkg.list_repos"),
      call("pkg.get_repo ¦ local"),
      call("pkg.latest_version ¦ hello ¦ other ¦ refresh=False"),
      call("pkg.info_available ¦ hello ¦ refresh=False"),
      call("pkg.list_repo_pkgs ¦ hello"),
      call("pkg.install ¦ hello ¦ version=1.0-1"),
      call("pkg.version ¦ hello"),
      call("pkg.list_upgrades ¦ refresh=False"),
      call("pkg.upgrade_available ¦ hello ¦ refresh=False"),
      call("pkg.info_installed ¦ hello ¦ attr=version,license,summary"),
      call("pkg.owner ¦ /opt/hello/version"),
      call("pkg.file_list ¦ hello"),
      call("pkg.list_patterns"),
      call("pkg.list_products"),
      call("pkg.search ¦ hello ¦ refresh=False"),
      call("pkg.hold ¦ hello"),
      call("pkg.list_holds"),
      call("pkg.list_locks"),
      call("pkg.unhold ¦ hello"),
      call("pkg.upgrade ¦ refresh=False"),
      call("pkg.install ¦ nosuch", { why: "without what zypper says of its progress" }),
      call("pkg.mod_repo ¦ more ¦ url=file:///nowhere ¦ enabled=False"),
      call("pkg.get_repo ¦ more"),
      call("pkg.del_repo ¦ more"),
      call("pkg.remove ¦ hello"),
      call("pkg.list_pkgs"),
    ]);
  });
});

test("pkg of pacman", async () => {
  const release = 'ID=arch\nNAME="Arch Linux"\nPRETTY_NAME="Arch Linux"\n';
  await withTwins(release, async ({ folders, shared, put, compare }) => {
    const repository = join(shared, "pacman");
    await makePacmanRepository(folders[0]!, repository, "1.0-1");
    const options = "[options]\nArchitecture = auto\nSigLevel = Never\n";
    await put("etc/pacman.conf", `${options}[tests]\nServer = file://${repository}\n`);
    await compare([
      call("grains.item ¦ os ¦ os_family"),
      call("pkg.list_pkgs", { why: "Salt takes a warning of pacman's for a package" }),
      call("pkg.refresh_db", { why: "Salt takes a word of pacman's for the repository" }),
      call("pkg.latest_version ¦ hello ¦ other ¦ nosuch ¦ refresh=False"),
      call("pkg.install ¦ hello"),
      call("pkg.install ¦ hello"),
      call("pkg.version ¦ hello ¦ other"),
      call("pkg.list_pkgs ¦ versions_as_list=True"),
      call("pkg.owner ¦ /opt/hello/version"),
      call("pkg.file_list ¦ hello"),
      call("pkg.file_dict ¦ hello"),
      call("pkg.list_repo_pkgs"),
      call("pkg.list_repo_pkgs ¦ hel*"),
    ]);
    await makePacmanRepository(folders[0]!, repository, "2.0-1");
    await compare([
      call("pkg.list_upgrades ¦ refresh=True"),
      call("pkg.upgrade_available ¦ hello"),
      call("pkg.install ¦ pkgs=[hello, other]"),
      call("pkg.install ¦ nosuch"),
      call("pkg.upgrade"),
      call("pkg.remove ¦ other"),
      call("pkg.purge ¦ hello"),
      call("pkg.list_pkgs"),
    ]);
  });
});

const LSB = `#!/bin/sh
### BEGIN INIT INFO
# Provides: sleeper
# Required-Start:
# Required-Stop:
# Default-Start: 2 3 4 5
# Default-Stop: 0 1 6
# Short-Description: A service of tests
### END INIT INFO
case "$1" in
  start|restart|reload|force-reload) touch /run/sleeper ;;
  stop) rm -f /run/sleeper ;;
  status) test -e /run/sleeper && echo "sleeper is running" ;;
esac
`;

test("service of Debian without systemd", async () => {
  await withTwins(debian, async ({ folders, put, compare }) => {
    // Scripts of the host miss what they need, which keeps insserv from its work.
    for (const folder of folders) {
      await runOn(folder, "sh", "-c", "rm -f /etc/init.d/* /etc/rc?.d/*");
    }
    await put("etc/init.d/sleeper", LSB);
    await put("usr/sbin/runlevel", "#!/bin/sh\necho N 2\n");
    for (const name of ["etc/init.d/sleeper", "usr/sbin/runlevel"]) {
      for (const folder of folders) await chmod(join(folder, "changes", name), 0o755);
    }
    await compare([
      call("service.get_all"),
      call("service.available ¦ sleeper"),
      call("service.missing ¦ nosuch"),
      call("service.enabled ¦ sleeper"),
      call("service.enable ¦ sleeper"),
      call("service.enabled ¦ sleeper"),
      call("service.get_enabled"),
      call("service.get_disabled"),
      call("service.start ¦ sleeper"),
      call("service.status ¦ sleeper"),
      call("service.status ¦ sleep*"),
      call("service.restart ¦ sleeper"),
      call("service.reload ¦ sleeper"),
      call("service.stop ¦ sleeper"),
      call("service.status ¦ sleeper"),
      call("service.disable ¦ sleeper"),
      call("service.disabled ¦ sleeper"),
      call("service.start ¦ nosuch"),
    ]);
  });
});

const RUNSCRIPT = `#!/sbin/openrc-run
description="A service of tests"
start() { touch /run/sleeper; }
stop() { rm -f /run/sleeper; }
status() { test -e /run/sleeper && { einfo started; return 0; }; einfo stopped; return 3; }
`;

test("service of OpenRC", async () => {
  const release =
    'ID=alpine\nNAME="Alpine Linux"\nVERSION_ID=3.20.0\nPRETTY_NAME="Alpine Linux v3.20"\n';
  await withTwins(release, async ({ folders, put, compare }) => {
    await put("etc/init.d/sleeper", RUNSCRIPT);
    for (const folder of folders) {
      await chmod(join(folder, "changes/etc/init.d/sleeper"), 0o755);
      await mkdir(join(folder, "run/openrc"), { recursive: true });
      await runOn(folder, "sh", "-c", "echo default > /run/openrc/softlevel");
    }
    await compare([
      call("grains.item ¦ os ¦ os_family"),
      call("service.get_all"),
      call("service.available ¦ sleeper"),
      call("service.missing ¦ nosuch"),
      call("service.enabled ¦ sleeper"),
      call("service.enable ¦ sleeper"),
      call("service.enabled ¦ sleeper"),
      call("service.enable ¦ sleeper ¦ runlevels=[default, boot]"),
      call("service.get_enabled"),
      call("service.get_disabled"),
      call("service.start ¦ sleeper"),
      call("service.status ¦ sleeper"),
      call("service.restart ¦ sleeper"),
      call("service.stop ¦ sleeper"),
      call("service.status ¦ sleeper"),
      call("service.zap ¦ sleeper"),
      call("service.disable ¦ sleeper"),
      call("service.disabled ¦ sleeper"),
      call("service.start ¦ nosuch", { why: "the words of the failure name no Python objects" }),
    ]);
  });
});
