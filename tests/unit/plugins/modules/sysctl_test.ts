import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseAll, parseConfig } from "../../../../src/plugins/modules/linux_sysctl.ts";
import { withPrograms } from "../../../support/fake_programs.ts";

/** Says that a value was set, and what the running one is. */
const sysctl = 'case "$1" in -n) echo 1;; -w) echo "${2%%=*} = ${2#*=}";; ' +
  '-a) printf "a.b = 1\\nc = x = y\\nnoise\\n";; esac';

test("parseAll splits at the first sign, and leaves out complaints", () => {
  const text = "kernel.a = 1\nnet.b = 4096\t87380\nc = x = y\nsysctl: permission denied on key\n";
  assert.deepEqual(parseAll(text), { "kernel.a": "1", "net.b": "4096\t87380", c: "x = y" });
});

test("parseConfig leaves out comments; the last line of a name wins", () => {
  const text = "# a=1\na = 1\n b=2 \n\nnothing\na=3=4\n";
  assert.deepEqual(parseConfig(text), { a: "3=4", b: "2" });
});

test("sysctl.assign sets a parameter that exists", async () => {
  await withPrograms({ sysctl }, async ({ ctx, calls }) => {
    assert.deepEqual(await ctx.salt("sysctl.assign", ["kernel.ostype", "x"]), {
      "kernel.ostype": "x",
    });
    assert.deepEqual(calls(), [["sysctl", "-w", "kernel.ostype=x"]]);
    await assert.rejects(
      () => ctx.salt("sysctl.assign", ["no.such", 1]),
      /sysctl no\.such does not exist/,
    );
    await assert.rejects(() => ctx.salt("sysctl.assign", ["//.etc", 1]), /not the name/);
    await assert.rejects(() => ctx.salt("sysctl.assign", ["kernel.ostype", "a\nb"]), /one line/);
  });
});

test("sysctl.assign tells why the kernel refused", async () => {
  const refusing = 'echo "sysctl: setting key: Invalid argument" >&2; exit 255';
  await withPrograms({ sysctl: refusing }, async ({ ctx }) => {
    await assert.rejects(
      () => ctx.salt("sysctl.assign", ["kernel.ostype", 1]),
      /sysctl -w failed: sysctl: setting key: Invalid argument/,
    );
  });
});

test("sysctl.persist writes a file, changes a line, and sees what is set already", async () => {
  await withPrograms({ sysctl }, async ({ ctx, folder }) => {
    const config = join(folder, "d/99-salt.conf");
    const persist = (value: string | number) =>
      ctx.salt("sysctl.persist", ["kernel.ostype", value], { config });
    assert.equal(await persist(1), "Updated");
    const head = "#\n# Kernel sysctl configuration\n#\n";
    assert.equal(readFileSync(config, "utf8"), `${head}kernel.ostype = 1\n`);
    assert.equal(await persist(1), "Already set");
    writeFileSync(config, "# kernel.ostype = 7\nother=2\nkernel.ostype=1\n");
    assert.equal(await persist("4 5"), "Updated");
    assert.equal(
      readFileSync(config, "utf8"),
      "# kernel.ostype = 7\nother=2\nkernel.ostype = 4 5\n",
    );
  });
});
