import assert from "node:assert/strict";
import { test } from "node:test";
import {
  parseClock,
  parseZone,
  settingOf,
  withSetting,
} from "../../../../src/plugins/modules/timezone.ts";
import { withPrograms } from "../../../support/fake_programs.ts";

/** Of systemd 252 and of systemd 219. */
const newer = `               Local time: Thu 2026-11-26 17:00:00 CET
           Universal time: Thu 2026-11-26 16:00:00 UTC
                 RTC time: Thu 2026-11-26 16:00:00
                Time zone: Europe/Berlin (CET, +0100)
System clock synchronized: yes
              NTP service: active
          RTC in local TZ: no
`;
const older = `      Local time: Thu 2015-11-26 17:00:00 CET
        Timezone: Europe/Berlin (CET, +0100)
 RTC in local TZ: yes
`;

test("parseZone() and parseClock() read timedatectl of old and new systemd", () => {
  assert.equal(parseZone(newer), "Europe/Berlin");
  assert.equal(parseZone(older), "Europe/Berlin");
  assert.equal(parseClock(newer), "UTC");
  assert.equal(parseClock(older), "localtime");
  assert.throws(() => parseZone("x"), /Failed to parse timedatectl output: x/);
  assert.throws(() => parseClock("x"), /Failed to parse/);
});

test("settingOf() and withSetting() leave comments alone", () => {
  const text = '# ZONE="old"\nZONE="Europe/Berlin"\nUTC=true\n';
  assert.equal(settingOf(text, "ZONE"), "Europe/Berlin");
  assert.equal(settingOf(text, "NONE"), undefined);
  assert.equal(withSetting(text, "ZONE", 'ZONE="UTC"'), '# ZONE="old"\nZONE="UTC"\nUTC=true\n');
});

test("timezone functions ask timedatectl", async () => {
  const timedatectl = `case "$1" in "") printf '${newer.replaceAll("\n", "\\n")}' ;; esac`;
  await withPrograms({ timedatectl, date: 'echo "$1"' }, async ({ ctx, calls }) => {
    assert.equal(await ctx.salt("timezone.get_zone"), "Europe/Berlin");
    assert.equal(await ctx.salt("timezone.get_hwclock"), "UTC");
    assert.equal(await ctx.salt("timezone.zone_compare", ["Europe/Berlin"]), true);
    assert.equal(await ctx.salt("timezone.zone_compare", ["UTC"]), false);
    assert.equal(await ctx.salt("timezone.get_offset"), "+%z");
    assert.equal(await ctx.salt("timezone.get_zonecode"), "+%Z");
    assert.equal(await ctx.salt("timezone.set_hwclock", ["localtime"]), true);
    assert.deepEqual(calls().at(-1), ["timedatectl", "set-local-rtc", "true"]);
  });
});

test("timezone.set_zone refuses what is no zone, and paths that lead elsewhere", async () => {
  await withPrograms({ timedatectl: "exit 0" }, async ({ ctx, calls }) => {
    for (const name of ["No/Such", "../../../etc/passwd", "", "UTC/../UTC"]) {
      assert.equal(
        await ctx.salt("timezone.set_zone", [name]),
        `Zone does not exist: /usr/share/zoneinfo/${name}`,
      );
    }
    assert.deepEqual(calls(), []);
  });
});
