import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Bundle, bundle } from "../../../scripts/build/bundle.ts";
import { ENTRY } from "../../../src/runtime/node_embedded.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** Runs a script of a bundle, and those it asks for, as the launcher does. */
function load({ scripts }: Bundle, name: string, globals: Record<string, unknown>): string[] {
  const loaded = new Map<string, { exports: Record<string, unknown> }>();
  const require = (path: string) => {
    assert.match(path, /^\.\//, `"${path}" was loaded, which nobody asked for`);
    const known = loaded.get(path);
    if (known) return known.exports;
    const module = { exports: {} };
    loaded.set(path, module);
    const source = scripts.get(path.slice(2));
    new Function(...Object.keys(globals), `return ${source}`)(...Object.values(globals))(
      require,
      module,
      module.exports,
    );
    return module.exports;
  };
  const exports = require(`./${name}`) as { runProgram(): void };
  exports.runProgram();
  return [...loaded.keys()];
}

test("bundle() - has the program in scripts, without Deno's adapter", async () => {
  const program = await bundle(root, "./tests/unit/scripts/fixtures/small_program.ts");
  const { scripts } = program;
  for (const source of scripts.values()) {
    assert.doesNotMatch(source, /dlopen\(libcName|import\.meta/);
  }
  const printed: string[] = [];
  const console = { log: (line: string) => printed.push(line) };
  const loaded = load(program, ENTRY.program, { console });
  assert.deepEqual(printed, ["ran"]);
  // All that the threads and the packages need is there, and stays where it is.
  assert.ok(scripts.size > 20, `${scripts.size} scripts`);
  assert.ok(loaded.length < 4, loaded.join());
  for (const name of [ENTRY.thread, "yaml.js", "tweetnacl.js"]) assert.ok(scripts.has(name), name);
  assert.deepEqual([program.foreign.has("yaml.js"), program.foreign.has(ENTRY.program)], [
    true,
    false,
  ]);
});

test("bundle() - names a module that is missing", async () => {
  await assert.rejects(bundle(root, "./tests/unit/scripts/fixtures/gone.ts"), /gone\.ts/);
});
