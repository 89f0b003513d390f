import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openLibc as denoLibc } from "../../../src/runtime/deno_libc.ts";
import { runtime } from "../../../src/runtime/mod.ts";
import { openLibc as nodeLibc } from "../../../src/runtime/node_libc.ts";
import { mapSinglePages } from "../../../src/runtime/node_single_pages.ts";

const openLibc = runtime.name === "deno" ? denoLibc : nodeLibc;

const PAGE = 4096;
const PAGES = 64;
const [PROT_READ, MAP_PRIVATE] = [1, 2];

/** Maps a file of 64 pages for as long as the process lives. */
function mapFile(): bigint {
  const folder = fs.mkdtempSync(join(tmpdir(), "sx-pages-"));
  try {
    const path = join(folder, "file");
    fs.writeFileSync(path, new Uint8Array(PAGES * PAGE).fill(7));
    const fd = fs.openSync(path, "r");
    const { mmap } = openLibc({
      mmap: { parameters: ["u64", "u64", "i32", "i32", "i32", "u64"], result: "u64" },
    });
    const start = mmap(0n, BigInt(PAGES * PAGE), PROT_READ, MAP_PRIVATE, fd, 0n);
    fs.closeSync(fd);
    return BigInt(start);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** What the page at an address begins with. */
function read(address: bigint): number {
  const { memcpy } = openLibc({ memcpy: { parameters: ["buffer", "u64", "u64"], result: "u64" } });
  const byte = new Uint8Array(1);
  memcpy(byte, address, 1n);
  return byte[0] ?? NaN;
}

/** Pages of a mapping that are in memory, and whether it is registered. */
function lookUp(start: bigint): { pages: number; registered: boolean } {
  const smaps = fs.readFileSync("/proc/self/smaps", "latin1");
  const [, rss, flags = ""] =
    new RegExp(`^${start.toString(16)}-[^]*?^Rss: +(\\d+) kB$[^]*?^VmFlags: (.*)$`, "m")
      .exec(smaps) ?? [];
  return { pages: Number(rss) * 1024 / PAGE, registered: flags.split(" ").includes("uw") };
}

test("mapSinglePages() - has one page in memory for one that is touched", () => {
  if (!fs.existsSync("/proc/self/smaps")) {
    assert.equal(mapSinglePages([{ start: 4096n, length: 4096n }], openLibc), false);
    return;
  }
  const start = mapFile();
  const done = mapSinglePages([{ start, length: BigInt(PAGES * PAGE) }], openLibc);
  assert.equal(lookUp(start).registered, done);
  assert.equal(read(start + BigInt(20 * PAGE)), 7);
  const { pages } = lookUp(start);
  if (done) assert.equal(pages, 1);
  else assert.ok(pages >= 1);
  for (let page = 0; page < PAGES; page++) assert.equal(read(start + BigInt(page * PAGE)), 7);
  assert.equal(lookUp(start).pages, PAGES);
});

test("mapSinglePages() - leaves what cannot be registered as it was", () => {
  const start = 1n << 40n;
  assert.equal(mapSinglePages([{ start, length: BigInt(PAGE) }], openLibc), false);
  assert.equal(mapSinglePages([], openLibc), false);
});
