import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ExecContext } from "../../../../src/loader/mod.ts";
import { bindArguments } from "../../../../src/loader/mod.ts";
import { drawTimes, isMeant } from "../../../../src/plugins/modules/cron/entries.ts";
import { cron } from "../../../../src/plugins/modules/cron/mod.ts";
import { MARK, parseTab, renderTab } from "../../../../src/plugins/modules/cron/tab.ts";
import type { Data, DataMap } from "../../../../src/types/mod.ts";
import { withPrograms } from "../../../support/fake_programs.ts";

const user = userInfo().username;

/** A table in a file. */
const crontab = '[ "$1" = -u ] && shift 2; case "$1" in ' +
  "-l) cat $FOLDER/tab;; -) cat > $FOLDER/tab;; *) cat $1 > $FOLDER/tab;; esac";

interface Cron {
  /** Calls a function, also where the machine has no cron. */
  call(name: string, args: Data[], kwargs?: DataMap): Promise<Data>;
  tab(): string;
  folder: string;
  ctx: ExecContext;
}

async function withCron(before: string, use: (machine: Cron) => Promise<void>) {
  await withPrograms({ crontab }, async ({ ctx, folder }) => {
    const path = join(folder, "tab");
    writeFileSync(path, before);
    const call = async (name: string, args: Data[], kwargs: DataMap = {}) => {
      const found = cron.functions[name]!;
      return await found.run(ctx, bindArguments(name, found, [user, ...args], kwargs));
    };
    await use({ call, tab: () => readFileSync(path, "utf8"), folder, ctx });
  });
}

const table = [
  "# mine",
  "0 1 * * * /bin/mine",
  MARK,
  "MAILTO=root@example.com",
  "# first line",
  "# second SALT_CRON_IDENTIFIER:weekly job",
  "5 4 * * 0 /bin/weekly  --all",
  "#DISABLED#@daily /bin/daily",
  "",
].join("\n");

test("parseTab leaves lines above the mark alone and takes those below apart", () => {
  const tab = parseTab(table);
  assert.deepEqual(tab.pre, ["# mine", "0 1 * * * /bin/mine"]);
  assert.deepEqual(tab.env, [{ name: "MAILTO", value: "root@example.com" }]);
  assert.deepEqual(tab.crons, [{
    minute: "5",
    hour: "4",
    daymonth: "*",
    month: "*",
    dayweek: "0",
    comment: "first line\nsecond",
    identifier: "weekly job",
    cmd: "/bin/weekly  --all",
    commented: false,
  }]);
  assert.equal(tab.special[0]!.commented, true);
  assert.equal(renderTab(tab), table);
});

test("isMeant goes by the identifier, and by the command where there is none", () => {
  const job = { spec: "@daily", cmd: "a", comment: null, commented: false };
  assert.equal(isMeant({ ...job, identifier: null }, "a", null), true);
  assert.equal(isMeant({ ...job, identifier: null }, "a", "x"), true);
  assert.equal(isMeant({ ...job, identifier: null }, "b", null), false);
  assert.equal(isMeant({ ...job, identifier: "x" }, "b", "x"), true);
  assert.equal(isMeant({ ...job, identifier: "x" }, "a", "y"), false);
});

test("drawTimes makes numbers of random and of ranges", () => {
  const always = { minute: "*", hour: "*", daymonth: "*", month: "*", dayweek: "*" };
  assert.deepEqual(drawTimes(always), always);
  const drawn = drawTimes({
    minute: "random",
    hour: "9:3",
    daymonth: "random",
    month: "2",
    dayweek: "7:7",
  });
  assert.ok(Number(drawn.minute) >= 0 && Number(drawn.minute) < 60);
  assert.ok(Number(drawn.hour) >= 3 && Number(drawn.hour) <= 9);
  assert.ok(Number(drawn.daymonth) >= 1 && Number(drawn.daymonth) <= 28);
  assert.equal(drawn.dayweek, "7");
  assert.throws(() => drawTimes({ ...always, hour: "1 2" }), /cannot be the hour/);
});

test("cron.set_job adds, finds and changes a job", async () => {
  await withCron("# mine\n", async ({ call, tab }) => {
    const times = ["*", "*", "*", "*", 1] as Data[];
    assert.equal(await call("set_job", [...times, "/bin/w"], { identifier: "w" }), "new");
    assert.equal(await call("set_job", [...times, "/bin/w"], { identifier: "w" }), "present");
    assert.equal(await call("set_job", [...times, "/bin/w2"], { identifier: "w" }), "updated");
    assert.equal(
      await call("set_job", [5, ...times.slice(1), "/bin/w2"], { identifier: "w", comment: "hi" }),
      "updated",
    );
    assert.equal(
      tab(),
      `# mine\n${MARK}\n# hi SALT_CRON_IDENTIFIER:w\n5 * * * 1 /bin/w2\n`,
    );
  });
});

test("cron.set_job keeps a time that was drawn", async () => {
  await withCron("", async ({ call, tab }) => {
    const job: Data[] = ["random", 4, "*", "*", "*", "/bin/x"];
    assert.equal(await call("set_job", job), "new");
    const before = tab();
    assert.equal(await call("set_job", job), "present");
    assert.equal(tab(), before);
  });
});

test("cron.set_special takes the place of a job at times", async () => {
  await withCron(table, async ({ call, tab }) => {
    assert.equal(
      await call("set_special", ["@weekly", "/bin/w"], { identifier: "weekly job" }),
      "updated",
    );
    assert.equal(parseTab(tab()).crons.length, 0);
    assert.equal(parseTab(tab()).special.at(-1)!.comment, "first line\nsecond");
    assert.equal(await call("set_special", ["@daily", "/bin/daily"]), "updated");
    assert.equal(parseTab(tab()).special.at(-1)!.commented, false);
    await assert.rejects(() => call("set_special", ["daily", "x"]), /not a special time/);
  });
});

test("cron.rm_job and rm_special take out one job, if its times fit", async () => {
  await withCron(table, async ({ call, tab }) => {
    assert.equal(await call("rm_job", ["x"], { identifier: "weekly job", minute: 6 }), "absent");
    assert.equal(await call("rm_job", ["x"], { identifier: "weekly job", minute: 5 }), "removed");
    assert.equal(await call("rm_special", ["/bin/daily", "@hourly"]), "absent");
    assert.equal(await call("rm_special", ["/bin/daily"]), "removed");
    assert.equal(tab(), `# mine\n0 1 * * * /bin/mine\n${MARK}\nMAILTO=root@example.com\n`);
  });
});

test("cron.set_env and rm_env change variables", async () => {
  await withCron(table, async ({ call, tab }) => {
    assert.equal(await call("set_env", ["MAILTO", "root@example.com"]), "present");
    assert.equal(await call("set_env", ["MAILTO", ""]), "updated");
    assert.equal(await call("set_env", ["MAILTO"]), "present");
    assert.equal(await call("set_env", ["PATH", "/bin"]), "new");
    assert.match(tab(), /^MAILTO=""\nPATH=\/bin$/m);
    assert.equal(await call("rm_env", ["PATH"]), "removed");
    assert.equal(await call("rm_env", ["PATH"]), "absent");
  });
});

test("cron functions keep what they are given on its line", async () => {
  await withCron(table, async ({ call, tab }) => {
    const job = (cmd: string, more: DataMap = {}) => call("set_job", [1, 2, 3, 4, 5, cmd], more);
    await assert.rejects(() => job("a\n* * * * * evil"), /one line/);
    await assert.rejects(() => job("a", { identifier: "x\n* * * * * evil" }), /one line/);
    await assert.rejects(() => call("set_env", ["A", "b\nc"]), /cannot be set/);
    await assert.rejects(() => call("set_env", ["A B", "c"]), /cannot be set/);
    assert.equal(tab(), table);
  });
});

test("cron.get_entry finds by identifier or command", async () => {
  await withCron(table, async ({ call }) => {
    assert.equal((await call("get_entry", ["weekly job"]) as DataMap)["minute"], "5");
    assert.equal((await call("get_entry", [], { cmd: "/bin/daily" }) as DataMap)["spec"], "@daily");
    assert.equal(await call("get_entry", ["none"]), false);
  });
});

test("cron.write_cron_file installs a file", async () => {
  await withCron("", async ({ call, tab, folder }) => {
    writeFileSync(join(folder, "new"), "1 2 3 4 5 x\n");
    assert.equal(await call("write_cron_file", [join(folder, "new")]), true);
    assert.equal(tab(), "1 2 3 4 5 x\n");
    assert.equal(await call("write_cron_file", [join(folder, "none")]), false);
  });
});
