import assert from "node:assert/strict";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { bindArguments, type ExecContext } from "../../../../src/loader/mod.ts";
import { systemdService } from "../../../../src/plugins/modules/systemd_service/mod.ts";
import {
  complaint,
  parseVersion,
} from "../../../../src/plugins/modules/systemd_service/systemctl.ts";
import {
  parseShow,
  parseUnitList,
  unitName,
} from "../../../../src/plugins/modules/systemd_service/units.ts";
import type { Data, DataMap } from "../../../../src/types/mod.ts";
import { type FakeMachine, withPrograms } from "../../../support/fake_programs.ts";

/** Calls a function, also where the machine has no systemd. */
async function call(ctx: ExecContext, name: string, args: Data[], kwargs: DataMap = {}) {
  const found = systemdService.functions[name]!;
  return await found.run(ctx, bindArguments(name, found, args, kwargs));
}

/** What systemctl was asked to do, without what finds out about the unit before. */
function changes(machine: FakeMachine): string[] {
  return machine.calls().map((words) => words.join(" "))
    .filter((line) => !line.includes(" status ") && !line.endsWith("--version"));
}

const options = { opts: { "systemd.scope": false } };

test("unitName adds the ending of a service where there is none", () => {
  assert.equal(unitName("ssh"), "ssh.service");
  assert.equal(unitName("backup.timer"), "backup.timer");
  assert.equal(unitName("a.b"), "a.b.service");
  assert.equal(unitName("myservice"), "myservice.service");
});

test("parseUnitList takes units by a column", () => {
  const running = "cron.service    loaded active running Regular job scheduler\n" +
    "dbus.socket     loaded active running D-Bus Socket\n" +
    "-.mount         loaded active mounted Root Mount\n" +
    "● bad.service   loaded failed failed  Broken\n" +
    "init.scope      loaded active running System and Service Manager\n";
  assert.deepEqual(parseUnitList(running, 3, "running"), ["cron", "dbus.socket"]);
  const files = "cron.service enabled enabled\nssh.socket disabled enabled\nrc.service masked -\n";
  assert.deepEqual(parseUnitList(files, 1, "disabled"), ["ssh.socket"]);
});

test("parseShow takes lists and braces apart", () => {
  const text = "Type=simple\nAfter=a.target b.service\nDescription=x = y\n" +
    "ExecStart={ path=/usr/sbin/cron ; argv[]=/usr/sbin/cron -f $A=1 ; ignore_errors=no ; pid=0 }\n" +
    "Empty=";
  assert.deepEqual(parseShow(text), {
    Type: "simple",
    After: ["a.target", "b.service"],
    Description: "x = y",
    ExecStart: {
      path: "/usr/sbin/cron",
      "argv[]": "/usr/sbin/cron -f $A=1",
      ignore_errors: "no",
      pid: "0",
    },
    Empty: "",
  });
});

test("complaint leaves out the line about the scope", () => {
  assert.equal(
    complaint("Running scope as unit run-1.scope\nUnit x not found."),
    "Unit x not found.",
  );
  assert.equal(parseVersion("systemd 252 (252.38-1~deb12u1)\n+PAM"), 252);
  assert.equal(parseVersion("nothing"), null);
});

test("service.start, stop, restart and reload ask systemctl", async () => {
  await withPrograms({ systemctl: "" }, async (machine) => {
    const { ctx } = machine;
    assert.equal(await call(ctx, "start", ["web"], { no_block: true }), true);
    assert.equal(await call(ctx, "stop", ["web"]), true);
    assert.equal(await call(ctx, "restart", ["salt-minion"]), true);
    assert.equal(await call(ctx, "reload", ["web.socket"]), true);
    assert.equal(await call(ctx, "force_reload", ["web"]), true);
    assert.deepEqual(changes(machine), [
      "systemctl --no-block start web.service",
      "systemctl stop web.service",
      "systemctl --no-block restart salt-minion.service",
      "systemctl reload web.socket",
      "systemctl --no-block force-reload web.service",
    ]);
  }, options);
});

test("service.start says what systemctl complained of; stop says False", async () => {
  const systemctl =
    'case "$1" in start|stop) echo "Unit web.service not found." >&2; exit 5;; esac';
  await withPrograms({ systemctl }, async ({ ctx }) => {
    await assert.rejects(() => call(ctx, "start", ["web"]), /Unit web\.service not found\./);
    assert.equal(await call(ctx, "stop", ["web"]), false);
    await assert.rejects(() => call(ctx, "start", ["--help"]), /cannot be a unit/);
  }, options);
});

test("service.enable, disable and masked work below another root", async () => {
  await withPrograms({ systemctl: "" }, async (machine) => {
    const { ctx, folder } = machine;
    const units = join(folder, "etc/systemd/system");
    mkdirSync(units, { recursive: true });
    symlinkSync("/dev/null", join(units, "off.service"));
    const root = folder;
    assert.equal(await call(ctx, "enable", ["web"], { root }), true);
    assert.equal(await call(ctx, "disable", ["web"], { root }), true);
    assert.equal(await call(ctx, "masked", ["off"], { root }), true);
    assert.equal(await call(ctx, "masked", ["web"], { root }), false);
    assert.equal(await call(ctx, "unmask", ["web"], { root }), true);
    assert.equal(await call(ctx, "unmask", ["off"], { root }), true);
    assert.equal(await call(ctx, "mask", ["web"], { root, runtime: true }), true);
    assert.deepEqual(changes(machine), [
      `systemctl --root ${root} enable web.service`,
      `systemctl --root ${root} disable web.service`,
      `systemctl --root ${root} unmask off.service`,
      `systemctl --root ${root} mask --runtime web.service`,
    ]);
  }, options);
});

test("service.get_all and enabled know scripts of SysV", async () => {
  const programs = { systemctl: "exit 1", runlevel: "echo N 3" };
  await withPrograms(programs, async ({ ctx, folder }) => {
    const write = (path: string, mode = 0o644) => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), "");
      chmodSync(join(folder, path), mode);
    };
    write("lib/systemd/system/web.service");
    write("etc/systemd/system/own.timer");
    write("etc/systemd/system/own.timer.wants");
    write("etc/init.d/web", 0o755);
    write("etc/init.d/old", 0o755);
    write("etc/init.d/README");
    write("etc/rc3.d/S01old");
    write("etc/rc2.d/S01old");
    const root = folder;
    assert.deepEqual(await call(ctx, "get_all", [], { root }), ["old", "own.timer", "web"]);
    assert.equal(await call(ctx, "enabled", ["old"], { root }), true);
    assert.equal(await call(ctx, "disabled", ["web"], { root }), true);
    assert.deepEqual(await call(ctx, "get_enabled", [], { root }), ["old"]);
  }, options);
});

test("service.status answers for each service of a pattern", async () => {
  const systemctl = '[ "$1 $2" = "is-active web.service" ]';
  await withPrograms({ systemctl }, async ({ ctx }) => {
    assert.equal(await call(ctx, "status", ["web"]), true);
    assert.equal(await call(ctx, "status", ["db"]), false);
    assert.deepEqual(await call(ctx, "status", ["no-such-service-*"]), {});
  }, options);
});

test("service.firstboot hands over what is given", async () => {
  await withPrograms({ "systemd-firstboot": '[ "$1" != --keymap=xx ]' }, async (machine) => {
    const { ctx } = machine;
    const given = { locale: "C", locale_message: "de_DE", machine_id: "ab", root: "/mnt" };
    assert.equal(await call(ctx, "firstboot", [], given), true);
    await assert.rejects(() => call(ctx, "firstboot", [], { keymap: "xx" }), /firstboot error/);
    assert.equal(
      changes(machine)[0],
      "systemd-firstboot --locale=C --root=/mnt --machine-id=ab --locale-message=de_DE",
    );
  });
});
