import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { bundle } from "../../../scripts/build/bundle.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

test("bundle() - is one script that runs the program, without Deno's adapter", async () => {
  const source = await bundle(root, "./tests/unit/scripts/fixtures/small_program.ts");
  assert.doesNotMatch(source, /dlopen\(libcName|import\.meta/);
  const printed: string[] = [];
  const run = new Function("require", "globalThis", "console", source);
  const refuse = (name: string) => {
    throw new Error(`"${name}" was loaded, which nobody asked for`);
  };
  await new Promise<void>((resolve) => {
    run(refuse, {}, {
      log: (line: string) => {
        printed.push(line);
        resolve();
      },
    });
  });
  assert.deepEqual(printed, ["ran"]);
});

test("bundle() - names a module that is missing", async () => {
  await assert.rejects(bundle(root, "./tests/unit/scripts/fixtures/gone.ts"), /gone\.ts/);
});
