import assert from "node:assert/strict";
import { test } from "node:test";
import { testContext } from "../../../support/exec_context.ts";

test("system functions refuse what is no time, run level or date", async () => {
  const ctx = await testContext();
  const refused: [string, unknown[], RegExp][] = [
    ["system.reboot", ["tomorrow"], /is not a time/],
    ["system.shutdown", ["-k now"], /is not a time/],
    ["system.init", ["--help"], /is not a run level/],
    ["system.set_system_date", ["soon"], /Invalid date format/],
    ["system.set_system_date_time", [2024, 2, 30], /no such date/],
    ["system.get_system_time", ["+1"], /Invalid UTC offset/],
  ];
  for (const [fun, args, message] of refused) {
    await assert.rejects(async () => await ctx.salt(fun, args as string[]), message, fun);
  }
  assert.equal(await ctx.salt("system.set_system_time", ["25 o'clock"]), false);
});

test("system.get_system_date_time shows the time at an offset", async () => {
  const ctx = await testContext();
  const read = async (offset: string) =>
    Date.parse(
      `${String(await ctx.salt("system.get_system_date_time", [offset])).replace(" ", "T")}Z`,
    );
  const apart = await read("+0530") - await read("-0100");
  assert.ok(Math.abs(apart - 6.5 * 3_600_000) < 60_000, String(apart));
});
