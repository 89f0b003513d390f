import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { formatBlock, parseConf } from "../../../../src/plugins/modules/logrotate.ts";
import { testContext } from "../../../support/exec_context.ts";

function confFiles(t: TestContext): { conf: string; included: string } {
  const folder = mkdtempSync(join(tmpdir(), "saltx-logrotate-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "d"));
  const conf = join(folder, "logrotate.conf");
  const included = join(folder, "d", "web");
  writeFileSync(
    conf,
    `# comment
weekly
rotate 4
create 0640 root adm
include ${folder}/d
/var/log/wtmp {
    missingok
    create 0664 root utmp
    rotate 1
}
`,
  );
  writeFileSync(
    included,
    `/var/log/web/*.log
/var/log/other.log {
    daily
    postrotate
        [ -f /run/web.pid ] && kill -USR1 1
        true
    endscript
}
`,
  );
  return { conf, included };
}

test("parseConf() reads settings, blocks, scripts and included files", (t) => {
  const { conf, included } = confFiles(t);
  const web = { daily: true, postrotate: ["[ -f /run/web.pid ] && kill -USR1 1", "true"] };
  assert.deepEqual(parseConf(conf), {
    weekly: true,
    rotate: 4,
    create: "0640 root adm",
    include: join(included, ".."),
    "include files": { web: ["/var/log/web/*.log", "/var/log/other.log"] },
    "/var/log/web/*.log": web,
    "/var/log/other.log": web,
    "/var/log/wtmp": { missingok: true, create: "0664 root utmp", rotate: 1 },
  });
  assert.throws(() => parseConf("/nowhere"), /Cannot read "\/nowhere"/);
});

test("parseConf() does not follow files that include one another for ever", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "saltx-logrotate-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "a"), `include ${folder}\n`);
  assert.throws(() => parseConf(join(folder, "a")), /included too deeply/);
});

test("logrotate.set changes the line or the block in the file that has it", async (t) => {
  const { conf, included } = confFiles(t);
  const ctx = await testContext();
  const set = (...args: (string | number | boolean | null)[]) =>
    ctx.salt("logrotate.set", args, { conf_file: conf });
  assert.equal(await set("rotate", 2), true);
  assert.equal(await set("rotate", 2), true);
  assert.equal(await set("compress", true), true);
  assert.equal(await set("/var/log/wtmp", "rotate", 7), true);
  assert.equal(await set("/var/log/other.log", "daily", false), true);
  assert.equal(await ctx.salt("logrotate.get", ["rotate"], { conf_file: conf }), 2);
  const rotate = ["/var/log/wtmp", "rotate"];
  assert.equal(await ctx.salt("logrotate.get", rotate, { conf_file: conf }), 7);
  assert.match(readFileSync(conf, "utf8"), /^compress\n# comment\n/);
  assert.match(readFileSync(included, "utf8"), /postrotate[^]*endscript/);
  assert.equal(statSync(conf).mode & 0o777, 0o644);
  await assert.rejects(set("/var/log/wtmp", 1), /includes a dict/);
  await assert.rejects(set("weekly", "a", "b"), /not a dict/);
});

test("formatBlock() writes scripts as logrotate reads them", () => {
  const text = formatBlock("/x", { daily: true, rotate: 3, postrotate: ["a", "b"] });
  assert.equal(
    text,
    "/x {\n    daily \n    rotate 3\n    postrotate\n        a\n        b\n    endscript\n}",
  );
});
