import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import {
  fromData,
  renderJinja,
  SaltRenderError,
  type Value,
} from "../../../src/render/jinja/mod.ts";
import type { Data, DataMap } from "../../../src/types/mod.ts";
import { Float } from "../../../src/types/mod.ts";

interface Recorded {
  context: DataMap;
  files: Record<string, string>;
  cases: {
    template: string;
    opts?: { jinja_env?: Record<string, unknown>; allow_undefined?: boolean };
    output?: string;
    error?: string;
    message?: string;
  }[];
}

/** JSON as Python reads it: floats stay floats, large numbers exact. */
function readCases(): Recorded {
  const text = readFileSync(new URL("../../cases/jinja.json", import.meta.url), "utf8");
  const numbers = (_key: string, value: unknown, context?: { source?: string }) => {
    if (typeof value !== "number" || context?.source === undefined) return value;
    if (/[.eE]/.test(context.source)) return Number.isInteger(value) ? new Float(value) : value;
    return Number.isSafeInteger(value) ? value : BigInt(context.source);
  };
  return JSON.parse(text, numbers as (key: string, value: unknown) => unknown) as Recorded;
}

const { context, files, cases } = readCases();

/** Templates that real Salt refuses, and why saltx does not. */
const DIFFERS: ReadonlyMap<string, string> = new Map([
  ["{{ users|groupby('group')|list }}", "Salt's printer cannot rebuild the pairs"],
  ["{{ '2002/12/25'|strftime }}", "Salt wants a package that is not installed"],
  ["{{ '2002-12-25'|date_format('%d.%m.%Y') }}", "Salt wants a package that is not installed"],
  [
    "{{ '2002/12/25 13:14:15'|strftime('%H:%M:%S') }}",
    "Salt wants a package that is not installed",
  ],
]);

function variables(): Map<string, Value> {
  return new Map(Object.entries(context).map(([key, value]) => [key, fromData(value as Data)]));
}

async function outcome(
  template: string,
  opts: Recorded["cases"][number]["opts"],
): Promise<{ output: string } | { error: string; message: string }> {
  try {
    const output = await renderJinja(template, {
      name: "main.jinja",
      variables: variables(),
      ...(opts?.jinja_env ? { settings: opts.jinja_env } : {}),
      allowUndefined: opts?.allow_undefined ?? false,
      loader: {
        load: (name) =>
          Promise.resolve(Object.hasOwn(files, name) ? { name, text: files[name]! } : null),
      },
    });
    return { output };
  } catch (error) {
    if (!(error instanceof SaltRenderError)) throw error;
    return { error: error.kind, message: error.reason };
  }
}

describe("renderJinja() renders as Salt's renderer did", () => {
  for (const [index, { template, opts, ...wanted }] of cases.entries()) {
    it(`${index}: ${JSON.stringify(template).slice(0, 120)}`, async () => {
      const found = await outcome(template, opts);
      if (DIFFERS.has(template)) {
        assert.ok(wanted.error !== undefined && "output" in found);
        return;
      }
      if (wanted.error === undefined) assert.deepEqual(found, { output: wanted.output });
      else {
        assert.ok("error" in found, `an error was expected: ${wanted.message}`);
        assert.equal(found.error, wanted.error, found.message);
        if (wanted.error === "undefined") assert.equal(found.message, wanted.message);
      }
    });
  }
});

describe("renderJinja()", () => {
  const render = (text: string, options: Partial<Parameters<typeof renderJinja>[1]> = {}) =>
    renderJinja(text, { name: "salt://a.jinja", variables: variables(), ...options });

  it("names the template, the line and its text", async () => {
    await assert.rejects(render("a\n{{ name }}\n  {{ missing }}\n"), {
      message:
        `Cannot render "salt://a.jinja", line 3: 'missing' is undefined\n    {{ missing }}\n` +
        `Set it before, or say what holds instead: {{ name | default('...') }}`,
    });
  });

  it("names the template that was included", async () => {
    const loader = {
      load: (name: string) => Promise.resolve({ name: `salt://${name}`, text: "\n{{ 1 // 0 }}" }),
    };
    await assert.rejects(render("a\n\n{% include 'b.jinja' %}", { loader }), {
      template: "salt://b.jinja",
      line: 2,
    });
  });

  const bounded: [string, string][] = [
    [
      "{% for i in range(1000) %}{% for j in range(1000) %}{% do j %}{% endfor %}{% endfor %}",
      "statements",
    ],
    ["{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "recursion"],
    ["{% set x = 'a' * 2000 %}{{ x }}", "characters"],
    ["{{ '%0999999d' % 1 }}", "wide"],
    ["{{ 'a' * 99999999999 }}", "too large"],
    ["{{ 9 ** 99999999 }}", "too large"],
    [`{{ ${"(".repeat(500)}1${")".repeat(500)} }}`, "deep"],
  ];
  for (const [text, reason] of bounded) {
    it(`bounds ${text.slice(0, 60)}`, async () => {
      const limits = { steps: 10_000, output: 1000 };
      await assert.rejects(render(text, { limits }), (error: SaltRenderError) => {
        assert.ok(error instanceof SaltRenderError);
        assert.match(error.message, new RegExp(reason));
        return true;
      });
    });
  }

  it("stops when its job does", async () => {
    const abort = new AbortController();
    const text = "{% for i in range(99999) %}{{ i }}{% endfor %}";
    const done = render(text, { signal: abort.signal });
    abort.abort(new Error("killed"));
    await assert.rejects(done, { message: "killed" });
  });

  it("lists nothing of an include that includes itself", async () => {
    const text = "{% include 'a' %}";
    const loader = { load: (name: string) => Promise.resolve({ name, text }) };
    await assert.rejects(render(text, { loader }), /recursion/);
  });
});
