import assert from "node:assert/strict";
import { test } from "node:test";
import { checkImports, findImports } from "../../../scripts/check_imports.ts";

const check = (modules: Record<string, string>) =>
  checkImports(new Map(Object.entries(modules)))
    .map(({ file, line, message }) => `${file}:${line}: ${message}`);

test("findImports() - finds static, multi-line, type-only, re-exporting and dynamic imports", () => {
  const source = [
    `import "./effect.ts";`,
    `import type { A } from "./a.ts";`,
    `import {`,
    `  type B,`,
    `  c,`,
    `} from '../b.ts';`,
    `export * from "./c.ts";`,
    `export type { D } from "./d.ts";`,
    `import type, { e } from "./e.ts";`,
    `const f = await import("./f.ts");`,
    `import { readFile } from "node:fs/promises";`,
  ].join("\n");
  assert.deepEqual(
    findImports(source).map((i) =>
      [i.line, i.specifier, i.typeOnly && "type", i.dynamic && "dynamic"].filter(Boolean).join(" ")
    ),
    [
      "1 ./effect.ts",
      "2 ./a.ts type",
      "6 ../b.ts",
      "7 ./c.ts",
      "8 ./d.ts type",
      "9 ./e.ts",
      "10 ./f.ts dynamic",
    ],
  );
});

test("findImports() - ignores what comments say, and is not misled by strings", () => {
  const source = `/** import { x } from "./x.ts"; */
// import "./y.ts";
const url = "http://host/*";
/* import("./z.ts") */
import "./real.ts";`;
  assert.deepEqual(findImports(source).map((found) => found.specifier), ["./real.ts"]);
});

test("checkImports() - lets a module import from its own row and from lower ones", () => {
  assert.deepEqual(
    check({
      "types/mod.ts": "",
      "config/a.ts": `import "../types/mod.ts"; import "./b.ts";`,
      "config/b.ts": "",
      "main.ts": `import "./config/a.ts";`,
    }),
    [],
  );
});

test("checkImports() - names file and line of an import from a higher row, of types and dynamic ones too", () => {
  assert.deepEqual(
    check({
      "text/a.ts": `\nimport "../config/b.ts";\nimport type { B } from "../config/b.ts";`,
      "text/c.ts": `const b = () => import("../config/b.ts");`,
      "config/b.ts": "",
    }),
    [
      "text/a.ts:2: row 2 may not import config/b.ts of row 3",
      "text/a.ts:3: row 2 may not import config/b.ts of row 3",
      "text/c.ts:1: row 2 may not import config/b.ts of row 3",
    ],
  );
});

test("checkImports() - lets the loader see the types of plugins, but not their code", () => {
  assert.deepEqual(
    check({
      "loader/a.ts":
        `import type { M } from "../plugins/m.ts";\nimport { m } from "../plugins/m.ts";`,
      "plugins/m.ts": "",
    }),
    ["loader/a.ts:2: row 5 may not import plugins/m.ts of row 7"],
  );
});

test("checkImports() - finds a circle and spells it out; types and dynamic imports make none", () => {
  assert.deepEqual(
    check({
      "key/a.ts": `import "./b.ts";`,
      "key/b.ts": `import "./c.ts";`,
      "key/c.ts": `\nimport "./a.ts";`,
      "key/d.ts": `import type { E } from "./e.ts";`,
      "key/e.ts": `import "./d.ts"; const d = import("./e.ts");`,
    }),
    ["key/c.ts:2: circle: key/a.ts → key/b.ts → key/c.ts → key/a.ts"],
  );
});

test("checkImports() - finds folders of one row that import each other", () => {
  assert.deepEqual(
    check({
      "key/a.ts": `import "../cache/b.ts";`,
      "key/c.ts": "",
      "cache/b.ts": "",
      "cache/d.ts": `\nimport "../key/c.ts";`,
    }),
    [
      "key/a.ts:1: key and cache import each other",
      "cache/d.ts:2: cache and key import each other",
    ],
  );
});

test("checkImports() - refuses what is in no row, does not exist or lies outside", () => {
  assert.deepEqual(
    check({
      "utils/a.ts": "",
      "text/b.ts": `import "./gone.ts";\nimport "../../mod.ts";`,
    }),
    [
      `utils/a.ts:1: "utils" is in no row`,
      "text/b.ts:1: ./gone.ts does not exist",
      "text/b.ts:2: ../../mod.ts is outside src",
    ],
  );
});
