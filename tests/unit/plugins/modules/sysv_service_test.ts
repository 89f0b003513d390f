import assert from "node:assert/strict";
import { test } from "node:test";
import {
  debianService,
  linkedService,
} from "../../../../src/plugins/modules/sysv_service/debian.ts";
import { gentooService, parseLevels } from "../../../../src/plugins/modules/sysv_service/openrc.ts";
import {
  isOn,
  parseList,
  rhService,
  suits,
} from "../../../../src/plugins/modules/sysv_service/red_hat.ts";
import { withPrograms } from "../../../support/fake_programs.ts";

/** What chkconfig of CentOS 6 prints. */
const listed = `crond           0:off   1:off   2:on    3:on    4:on    5:on    6:off
sshd            0:off   1:off   2:off   3:off   4:off   5:off   6:off

xinetd based services:
        rsync:          off
`;

test("parseList() and isOn() read chkconfig --list", () => {
  assert.deepEqual(parseList(listed), ["crond", "sshd"]);
  assert.equal(isOn(listed, "crond", "3"), true);
  assert.equal(isOn(listed, "crond", "1"), false);
  assert.equal(isOn(listed, "sshd", "3"), false);
  assert.equal(isOn("rsync   on\n", "rsync", "3"), true);
});

test("suits() knows which systems have systemd", () => {
  assert.equal(suits({ os: "CentOS", osmajorrelease: 6 }), true);
  assert.match(String(suits({ os: "CentOS", osmajorrelease: 7 })), /uses systemd/);
  assert.match(String(suits({ os: "Fedora", osrelease: "40" })), /uses systemd/);
  assert.match(String(suits({ os: "Debian" })), /not of its kind/);
});

/** What rc-update of Alpine 3.19 prints. */
const shown = `             bootmisc | boot
                 sshd |      default
              hwclock |
         networking   | boot default
`;

test("parseLevels() reads rc-update -v show", () => {
  assert.deepEqual(Object.fromEntries(parseLevels(shown)), {
    bootmisc: ["boot"],
    sshd: ["default"],
    hwclock: [],
    networking: ["boot", "default"],
  });
});

test("service functions of OpenRC add and delete run levels as they must", async () => {
  const update = `case "$1" in -v) printf '${shown.replaceAll("\n", "\\n")}' ;; esac`;
  await withPrograms({ "rc-update": update }, async ({ ctx, calls }) => {
    const last = () => calls().at(-1)!.join(" ");
    assert.deepEqual(await ctx.salt("service.get_enabled"), {
      bootmisc: ["boot"],
      sshd: ["default"],
      networking: ["boot", "default"],
    });
    assert.deepEqual(await ctx.salt("service.get_disabled"), ["hwclock"]);
    assert.equal(await ctx.salt("service.disabled", ["hwclock"]), true);
    assert.equal(await ctx.salt("service.available", ["sshd"]), true);
    assert.equal(await ctx.salt("service.missing", ["nosuch"]), true);
    assert.equal(await ctx.salt("service.enabled", ["networking"], { runlevels: "boot" }), true);
    assert.equal(await ctx.salt("service.enabled", ["sshd"], { runlevels: "boot" }), false);
    await ctx.salt("service.enable", ["hwclock"]);
    assert.equal(last(), "rc-update add hwclock");
    await ctx.salt("service.enable", ["networking"], { runlevels: ["boot", "sysinit"] });
    assert.deepEqual(calls().slice(-2).map((call) => call.join(" ")), [
      "rc-update delete networking default",
      "rc-update add networking sysinit",
    ]);
    const before = calls().length;
    assert.equal(await ctx.salt("service.disable", ["sshd"], { runlevels: "boot" }), true);
    assert.equal(calls().slice(before).filter((call) => call[1] === "delete").length, 0);
    await assert.rejects(ctx.salt("service.start", ["../../bin/sh"]), /cannot be a service/);
  }, { modules: [gentooService], grains: { id: "t", os: "Alpine" } });
});

test("service functions of Red Hat before systemd go by chkconfig and service", async () => {
  const programs = {
    runlevel: "echo 'N 3'",
    chkconfig: `case "$*" in
"--list nosuch") exit 1 ;;
--list*) printf '${listed.replaceAll("\n", "\\n")}' ;;
esac`,
    service: 'case "$2" in status) [ "$1" = crond ] ;; reload) exit 3 ;; esac',
  };
  await withPrograms(programs, async ({ ctx, calls }) => {
    assert.equal(await ctx.salt("service.enabled", ["crond"]), true);
    assert.equal(await ctx.salt("service.disabled", ["sshd"]), true);
    assert.equal(await ctx.salt("service.start", ["crond"]), true);
    assert.equal(await ctx.salt("service.reload", ["crond"]), false);
    assert.equal(await ctx.salt("service.status", ["crond"]), true);
    assert.equal(await ctx.salt("service.status", ["sshd"]), false);
    assert.equal(await ctx.salt("service.enable", ["nosuch"]), true);
    assert.deepEqual(calls().slice(-2).map((call) => call.join(" ")), [
      "chkconfig --add nosuch",
      "chkconfig nosuch on",
    ]);
    assert.equal(await ctx.salt("service.delete", ["nosuch"]), false);
    assert.deepEqual(await ctx.salt("service.get_all", ["upstart"]), []);
  }, { modules: [rhService], grains: { id: "t", os: "CentOS", osmajorrelease: 6 } });
});

test("service functions of Debian without systemd go by update-rc.d and service", async () => {
  assert.equal(linkedService("S01cron"), "cron");
  assert.equal(linkedService("K01cron"), undefined);
  const programs = { runlevel: "echo unknown", insserv: "exit 0", "update-rc.d": "exit 0" };
  await withPrograms({ ...programs, service: '[ "$1" = cron ]' }, async ({ ctx, calls }) => {
    const last = () => calls().at(-1)!.join(" ");
    assert.equal(await ctx.salt("service.force_reload", ["cron"]), true);
    assert.equal(last(), "service cron force-reload");
    assert.equal(await ctx.salt("service.status", ["nosuch"]), false);
    assert.equal(await ctx.salt("service.disable", ["cron"]), true);
    assert.equal(last(), "update-rc.d cron disable");
    assert.equal(await ctx.salt("service.available", ["nosuch"]), false);
    assert.equal(await ctx.salt("service.enabled", ["nosuch"]), false);
  }, { modules: [debianService] });
});
