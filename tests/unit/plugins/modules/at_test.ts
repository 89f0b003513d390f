import assert from "node:assert/strict";
import { test } from "node:test";
import { at, parseQueue, tagOf } from "../../../../src/plugins/modules/at.ts";
import { withPrograms } from "../../../support/fake_programs.ts";

const listed = "1\tThu Dec 24 23:59:00 2026 a root\n12\tFri Dec  4 08:05:00 2026 = ann\n";

/** What at and its kin print on Debian. */
const programs = {
  atq: `printf '${listed.replaceAll("\t", "\\t").replaceAll("\n", "\\n")}'`,
  atrm: "exit 0",
  at: `case "$1$2" in
-c1) printf '#!/bin/sh\\n### SALT: backup\\necho hi\\n' ;;
-c12) printf '#!/bin/sh\\ntrue\\n' ;;
-c*) echo "Cannot find jobid $2" >&2; exit 1 ;;
nonsense) cat > /dev/null; printf 'syntax error. Last token seen: n\\nGarbled time\\n' >&2; exit 1 ;;
*) cat > "$FOLDER/stdin"
   printf 'warning: commands will be executed using /bin/sh\\njob 1 at Thu Dec 24\\n' >&2 ;;
esac`,
};

const first = { job: 1, date: "2026-12-24", time: "23:59:00", queue: "a", user: "root" };
const second = { job: 12, date: "2026-12-04", time: "08:05:00", queue: "=", user: "ann" };

test("parseQueue() reads what atq prints; tagOf() what at -c prints", () => {
  assert.deepEqual(parseQueue(listed), [first, second]);
  assert.deepEqual(parseQueue("nonsense\n"), []);
  assert.equal(tagOf("#!/bin/sh\n### SALT: backup\n"), "backup");
  assert.equal(tagOf("#!/bin/sh\necho '### SALT: x'\n"), "");
});

test("at.atq lists all jobs, or those with a tag or number", async () => {
  await withPrograms(programs, async ({ ctx }) => {
    const all = [{ ...first, tag: "backup" }, { ...second, tag: "" }];
    assert.deepEqual(await ctx.salt("at.atq"), { jobs: all });
    assert.deepEqual(await ctx.salt("at.atq", ["backup"]), { jobs: [all[0]] });
    assert.deepEqual(await ctx.salt("at.atq", [12]), { jobs: [all[1]] });
  }, { modules: [at] });
});

test("at.at hands the command over with its tag", async () => {
  await withPrograms(programs, async ({ ctx, calls, folder }) => {
    const result = await ctx.salt("at.at", ["23:59", "/sbin/reboot", "-f"], { tag: "backup" });
    assert.deepEqual(result, { jobs: [{ ...first, tag: "backup" }] });
    assert.deepEqual(calls()[0], ["at", "23:59"]);
    const stdin = await ctx.salt("file.read", [`${folder}/stdin`]);
    assert.equal(stdin, "### SALT: backup\n/sbin/reboot -f\n");
    assert.deepEqual(await ctx.salt("at.at", ["nonsense", "x"]), {
      jobs: [],
      error: "invalid timespec",
    });
    await assert.rejects(ctx.salt("at.at", ["12:00", "x"], { tag: "a\nrm" }), /cannot be a tag/);
    await assert.rejects(ctx.salt("at.at", ["-f", "x"]), /cannot be a time/);
  }, { modules: [at] });
});

test("at.atrm removes what is there alone", async () => {
  await withPrograms(programs, async ({ ctx, calls }) => {
    const removed = (...words: string[]) => ctx.salt("at.atrm", words);
    assert.deepEqual(await removed("1", "99"), { jobs: { removed: ["1"], tag: null } });
    assert.deepEqual(calls().at(-1), ["atrm", "1"]);
    assert.deepEqual(await removed("all", "backup"), { jobs: { removed: ["1"], tag: "backup" } });
    assert.deepEqual(await removed("all"), { jobs: { removed: ["1", "12"], tag: null } });
    assert.deepEqual(await removed(), { jobs: { removed: [], tag: null } });
  }, { modules: [at] });
});

test("at.jobcheck and at.atc", async () => {
  await withPrograms(programs, async ({ ctx }) => {
    const check = (kwargs: Record<string, string | number>) => ctx.salt("at.jobcheck", [], kwargs);
    assert.deepEqual(await check({ day: 4, month: 12, year: 26 }), {
      jobs: [{ ...second, tag: "" }],
    });
    assert.deepEqual(await check({ hour: 23, runas: "ann" }), {
      jobs: [],
      note: "No match jobs or time format error",
    });
    assert.deepEqual(await check({}), { error: "You have given a condition" });
    assert.equal(await ctx.salt("at.atc", [12]), "#!/bin/sh\ntrue");
    assert.deepEqual(await ctx.salt("at.atc", [5]), { error: "invalid job id '5'" });
  }, { modules: [at] });
});
