/**
 * A folder of known content for calls that change files: filled anew before each of them, and looked at
 * afterwards. `driver.py` does the same for real Salt.
 * @module
 */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { compareText } from "../../src/text/py_text.ts";

/** What words of calls name the folder by. */
export const PLAY = "$P";

/** What words of calls name the virtual environment of Python by that real Salt runs in. */
export const VENV = "$V";

/** One entry: its path in the folder, what it is, its content or where it leads to, octal mode. */
export type Seed = [path: string, kind: "file" | "dir" | "link", content: string, mode: number];

const CONF = "# A comment\nPort 22\nListen 0.0.0.0\n#Port 2222\n\n[main]\nkey = value\nlast line";
const BLOCK =
  "before\n#-- start managed zone --\nold one\nold two\n#-- end managed zone --\nafter\n";

/** The content of the folder. */
export const seeds: Seed[] = [
  ["conf", "file", CONF, 0o640],
  ["block", "file", BLOCK, 0o644],
  ["words", "file", "one\ntwo\nthree\ntwo\n", 0o644],
  ["empty", "file", "", 0o600],
  ["latin", "file", "caf\u00e9 \u00fcber\n", 0o644],
  ["dos", "file", "a\r\nb\r\n", 0o644],
  ["sums", "file", `${"0".repeat(64)}  words\n${"a".repeat(64)}  conf\n`, 0o644],
  ["change.patch", "file", "--- a/words\n+++ b/words\n@@ -1,2 +1,2 @@\n-one\n+ONE\n two\n", 0o644],
  ["tree", "dir", "", 0o755],
  ["tree/a.txt", "file", "a", 0o644],
  ["tree/sub", "dir", "", 0o750],
  ["tree/sub/b.txt", "file", "bb", 0o600],
  ["tree/sub/c.log", "file", "ccc", 0o644],
  ["void", "dir", "", 0o755],
  ["link", "link", "words", 0],
  ["dangling", "link", "nowhere", 0],
];

/** Lines of {@linkcode look} of a folder in which nothing was changed. */
const untouched = seeds.map(([path, kind, content, mode]) => {
  if (kind === "link") return `${path} link ${content}`;
  if (kind === "dir") return `${path} dir ${mode.toString(8)}`;
  return `${path} file ${mode.toString(8)} ${Buffer.from(content).toString("base64")}`;
});

/** What is new among lines of {@linkcode look}, and with a minus in front what is gone. */
export function changesOf(lines: readonly string[]): string[] {
  const gone = untouched.filter((line) => !lines.includes(line)).map((line) => `-${line}`);
  return [...gone, ...lines.filter((line) => !untouched.includes(line))];
}

/** Fills the folder anew. Times are those of 2024-01-01 12:00 UTC. */
export function fill(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o755 });
  const time = 1_704_110_400;
  for (const [path, kind, content, mode] of seeds) {
    const full = join(folder, path);
    if (kind === "link") {
      symlinkSync(content, full);
      continue;
    }
    if (kind === "dir") mkdirSync(full);
    else writeFileSync(full, content);
    chmodSync(full, mode);
    utimesSync(full, time, time);
  }
}

/** The folder's content, a line for each entry. */
export function look(folder: string): string[] {
  const names = (readdirSync(folder, { recursive: true }) as string[]).sort(compareText);
  return names.map((name) => {
    const full = join(folder, name);
    const stat = lstatSync(full);
    const mode = (stat.mode & 0o7777).toString(8);
    if (stat.isSymbolicLink()) return `${name} link ${readlinkSync(full)}`;
    if (stat.isDirectory()) return `${name} dir ${mode}`;
    if (!stat.isFile()) return `${name} other ${mode}`;
    return `${name} file ${mode} ${readFileSync(full).toString("base64")}`;
  });
}
