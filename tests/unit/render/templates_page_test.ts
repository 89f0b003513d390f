import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { MISSING, templatesPage } from "../../../scripts/gen_docs_templates.ts";
import { filters, globalNames, tests } from "../../../src/render/jinja/mod.ts";

interface Names {
  filters: string[];
  tests: string[];
  globals: string[];
}

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");

it("docs/ref/templates.md says what there is", () => {
  assert.equal(read("docs/ref/templates.md"), templatesPage());
});

it("every filter, test and function of real Salt is here, or has a reason why not", () => {
  const { names } = JSON.parse(read("tests/cases/jinja.json")) as { names: Names };
  const here = [
    ...Object.keys(filters).map((name) => `filter \`${name}\``),
    ...Object.keys(tests).map((name) => `test \`${name}\``),
    ...globalNames.map((name) => `function \`${name}\``),
    "function `show_full_context`",
    ...Object.keys(MISSING),
  ];
  const real = [
    ...names.filters.map((name) => `filter \`${name}\``),
    ...names.tests.map((name) => `test \`${name}\``),
    ...names.globals.map((name) => `function \`${name}\``),
  ];
  assert.deepEqual(real.filter((name) => !here.includes(name)), []);
});
