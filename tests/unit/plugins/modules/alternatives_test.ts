import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExecContext } from "../../../../src/loader/mod.ts";
import { alternatives } from "../../../../src/plugins/modules/alternatives.ts";
import type { DataMap } from "../../../../src/types/mod.ts";
import { withPrograms } from "../../../support/fake_programs.ts";

/** Calls a function also where the machine has no alternatives. */
function call(ctx: ExecContext, name: string, args: DataMap) {
  return alternatives.functions[name]!.run(ctx, args);
}

const tool = 'case "$1" in --query) printf "Name: $2\\nLink: /usr/bin/$2\\n\\nLink: no\\n";; ' +
  '--display) [ "$2" = vi ] || { echo "no alternatives for $2" >&2; exit 2; }; ' +
  'printf "vi - auto mode\\n/usr/bin/vim - priority 30\\n";; ' +
  '--set) echo "no such path" >&2; exit 2;; *) echo done;; esac';

test("alternatives functions ask update-alternatives", async () => {
  await withPrograms({ "update-alternatives": tool }, async ({ ctx, calls }) => {
    assert.equal(await call(ctx, "show_link", { name: "vi" }), "/usr/bin/vi");
    assert.equal(await call(ctx, "check_exists", { name: "vi", path: "/usr/bin/vim" }), true);
    assert.equal(await call(ctx, "check_exists", { name: "vi", path: "/opt/vim" }), false);
    assert.equal(await call(ctx, "display", { name: "none" }), "no alternatives for none");
    assert.equal(ctx.context.retcode, 0);
    const install = { name: "vi", link: "/usr/bin/vi", path: "/opt/vim", priority: 5 };
    assert.equal(await call(ctx, "install", install), "done");
    assert.equal(await call(ctx, "set", { name: "vi", path: "/opt/x" }), "no such path");
    assert.equal(ctx.context.retcode, 2);
    assert.deepEqual(calls().slice(-2), [
      ["update-alternatives", "--install", "/usr/bin/vi", "vi", "/opt/vim", "5"],
      ["update-alternatives", "--set", "vi", "/opt/x"],
    ]);
  });
});

test("alternatives functions take no path for a name", async () => {
  await withPrograms({ "update-alternatives": tool }, async ({ ctx, calls }) => {
    for (const name of ["../passwd", "a/b", "", "--help"]) {
      await assert.rejects(async () => await call(ctx, "auto", { name }), /cannot be the name/);
      await assert.rejects(async () => await call(ctx, "show_current", { name }), /cannot be/);
    }
    assert.deepEqual(calls(), []);
  });
});

test("alternatives functions use the name that the tool has on Red Hat", async () => {
  const options = { grains: { os_family: "RedHat" } };
  await withPrograms({ alternatives: "echo ok" }, async ({ ctx, calls }) => {
    assert.equal(await call(ctx, "auto", { name: "java" }), "ok");
    assert.deepEqual(calls(), [["alternatives", "--auto", "java"]]);
  }, options);
});
