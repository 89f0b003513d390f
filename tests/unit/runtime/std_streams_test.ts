import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const module = new URL("../../../src/runtime/std_streams.ts", import.meta.url).href;

/** Starts a program that has the module's functions. */
function start(program: string) {
  const source = `import { stdDrained, stdWriter, isTerminal } from "${module}";\n${program}`;
  const args = "Deno" in globalThis
    ? ["eval", "--no-check", "--ext=ts", source]
    : ["--input-type=module", "-e", source];
  const cwd = fileURLToPath(new URL("../../../", import.meta.url));
  return spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
}

test("stdWriter() - a reader that is slow gets all of it, in order", async () => {
  const child = start(`
    const write = stdWriter(1, () => process.exit(9));
    for (let i = 0; i < 200; i++) write(String(i % 10).repeat(10_000));
    await stdDrained();
    process.exit(0);
  `);
  child.stdout.pause();
  await once(child, "spawn");
  const chunks: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (chunk) => chunks.push(chunk)).resume();
  const [code] = await once(child, "close");
  assert.equal(code, 0);
  const wanted = Array.from({ length: 200 }, (_, i) => String(i % 10).repeat(10_000)).join("");
  assert.equal(chunks.join("") === wanted, true, `${chunks.join("").length} characters`);
});

test("stdWriter() - tells when nobody reads any more", async () => {
  const child = start(`
    const write = stdWriter(1, () => process.exit(7));
    setInterval(() => write("x".repeat(100_000)), 1);
  `);
  await once(child.stdout, "data");
  child.stdout.destroy();
  const [code] = await once(child, "close");
  assert.equal(code, 7);
});

test("isTerminal() - is false for pipes and for /dev/null", async () => {
  const child = start(`console.log([0, 1, 2].map(isTerminal).join());`);
  const [text] = await once(child.stdout.setEncoding("utf8"), "data");
  assert.equal(text.trim(), "false,false,false");
  await once(child, "close");
});
