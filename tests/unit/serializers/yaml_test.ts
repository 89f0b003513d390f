import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { YamlError } from "../../../src/errors.ts";
import {
  dumpYaml,
  parseYaml,
  plainScalar,
  topLevelKeyLines,
} from "../../../src/serializers/yaml.ts";
import { readPlainYaml } from "../../../src/serializers/yaml_block.ts";
import { readYamlDocument } from "../../../src/serializers/yaml_document.ts";
import { type Data, Float } from "../../../src/types/mod.ts";
import { fromPython, toPython } from "../../support/python_values.ts";

interface LoaderCase {
  yaml: string;
  value?: unknown;
  /** Line of Salt's error. */
  line?: number | null;
  crash?: string;
}

function cases<T>(name: string): T[] {
  const url = new URL(`../../cases/yaml/${name}`, import.meta.url);
  return (JSON.parse(readFileSync(url, "utf8")) as { cases: T[] }).cases;
}

/** What saltx reads although Salt refuses it. */
const MORE_THAN_SALT: Record<string, Data> = {
  // PyYAML has a tag for this and no value.
  "k: =\n": { k: "=" },
  // Salt's loader trips over its own rule for leading zeros.
  "k: 0_\n": { k: 0 },
  // Of merged maps the first has the word, as YAML 1.1 says; Salt takes it for a doubled key.
  "b: &b {x: 1}\nd: &d {x: 2}\nc:\n  <<: [*b, *d]\n": { b: { x: 1 }, d: { x: 2 }, c: { x: 1 } },
};

/** Errors that are found where they begin to show, not where Salt's reader stops. */
const OTHER_LINE = new Set([
  "a: b\n c: d\n",
  "a: b\n# c\n  d\n",
  "a: 1 \n b: 2\n",
  "a: 1\n b: 2\n",
]);

test("parseYaml() reads every text as Salt's loader does", () => {
  for (const { yaml, value, line, crash } of cases<LoaderCase>("loader.json")) {
    const ours = Object.hasOwn(MORE_THAN_SALT, yaml) ? MORE_THAN_SALT[yaml] : undefined;
    if (ours !== undefined) {
      deepEqual(parseYaml(yaml), ours, yaml);
    } else if (value !== undefined) {
      deepEqual(toPython(parseYaml(yaml)), value, JSON.stringify(yaml));
    } else {
      throws(() => parseYaml(yaml), (error) => {
        ok(error instanceof YamlError, `${yaml}: ${error}`);
        if (!crash && line && !OTHER_LINE.has(yaml)) equal(error.line, line, JSON.stringify(yaml));
        return true;
      }, JSON.stringify(yaml));
    }
  }
});

test("parseYaml() keeps apart 1 and 1.0, and loses no digit of a large number", () => {
  const value = parseYaml("a: 1\nb: 1.0\nc: 1.5\nd: 12345678901234567890\n") as Record<
    string,
    Data
  >;
  equal(value["a"], 1);
  ok(value["b"] instanceof Float && Number(value["b"]) === 1);
  equal(value["c"], 1.5);
  equal(value["d"], 12345678901234567890n);
});

test("parseYaml() names file, line, column and what is wrong", () => {
  throws(() => parseYaml("a: 1\nb: [1, 2\nc: 3\n", { file: "/etc/salt/master" }), (error) => {
    ok(error instanceof YamlError);
    equal(error.file, "/etc/salt/master");
    match(error.message, /^Cannot parse "\/etc\/salt\/master", line \d, column \d+: /);
    return true;
  });
  throws(() => parseYaml("a: 1\nb: 2\na: 3\n"), /line 3, column 1: found conflicting ID "a"/);
});

test("parseYaml() builds no objects of a programming language", () => {
  for (const tag of ["!!python/object/apply:os.system", "!!js/function", "!ruby/object:X"]) {
    throws(() => parseYaml(`a: ${tag} ['id']\n`), /is not one that Salt knows/);
  }
});

test("parseYaml() keeps __proto__ as data", () => {
  const value = parseYaml('"__proto__": {admin: true}\nx: 1\n') as object;
  deepEqual(Object.keys(value), ["__proto__", "x"]);
  equal((value as { admin?: unknown }).admin, undefined);
});

test("parseYaml() refuses aliases that would fill the memory", () => {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
  for (let n = 1; n < 9; n++) {
    lines.push(`a${n}: &a${n} [${Array(10).fill(`*a${n - 1}`).join(", ")}]`);
  }
  throws(() => parseYaml(lines.join("\n")), /aliases stand for more than/);
  throws(() => parseYaml("a: &a [*a]\n"), /contains itself/);
});

test("parseYaml() refuses nesting that would exhaust the stack", () => {
  throws(() => parseYaml("[".repeat(600) + "]".repeat(600)), /nested/);
  throws(() => parseYaml("[".repeat(100_000)), YamlError);
});

/** Texts in and around the plain subset, made by chance from a seed. */
function* randomTexts(count: number, seed: number): Iterable<string> {
  let state = seed;
  const next = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const scalars = ["a", "1", "0644", "yes", "1.0", "'q'", '"d"', "x y", "x # c", "http://h:80/p"];
  scalars.push("~", "", "[]", "{}", "- x", "a: b", "-1", "'it''s'", "é", "2024-01-01", "x:", "#c");
  const keys = ["a", "b", "c.d", "e-f", "1", "yes", "k k", "'q'"];
  for (let n = 0; n < count; n++) {
    const lines: string[] = [];
    for (let line = next(9); line >= 0; line--) {
      const indent = " ".repeat(next(4) * next(3));
      const kind = next(8);
      if (kind === 0) lines.push(["", "# comment", "  # more"][next(3)] ?? "");
      else if (kind < 3) lines.push(`${indent}- ${scalars[next(scalars.length)]}`);
      else lines.push(`${indent}${keys[next(keys.length)]}: ${scalars[next(scalars.length)]}`);
    }
    yield `${lines.join("\n")}\n`;
  }
}

test("readPlainYaml() reads what it accepts exactly as the full reader does", () => {
  let accepted = 0;
  for (const text of randomTexts(5000, 20261121)) {
    const plain = readPlainYaml(text);
    if (!plain) continue;
    accepted++;
    deepEqual(toPython(plain.value), toPython(readYamlDocument(text, undefined)), text);
  }
  ok(accepted > 300, `only ${accepted} texts were accepted`);
  for (const { yaml } of cases<LoaderCase>("loader.json")) {
    const plain = readPlainYaml(yaml);
    if (plain) deepEqual(toPython(plain.value), toPython(readYamlDocument(yaml, undefined)), yaml);
  }
});

test("readPlainYaml() accepts an ordinary configuration", () => {
  const text = "# master\ninterface: 0.0.0.0\nfile_roots:\n  base:\n    - /srv/salt # here\n" +
    "nodegroups:\n  web: 'L@a,b'\nreactor: []\nlog_level: warning\n";
  deepEqual(readPlainYaml(text)?.value, {
    interface: "0.0.0.0",
    file_roots: { base: ["/srv/salt"] },
    nodegroups: { web: "L@a,b" },
    reactor: [],
    log_level: "warning",
  });
});

test("topLevelKeyLines() gives the line of each key", () => {
  deepEqual(
    [...topLevelKeyLines("a: 1\n\n# c\nb:\n  x: 1\n'c': 2\n")],
    [["a", 1], ["b", 4], ["c", 6]],
  );
});

test("dumpYaml() writes every value as Salt's dumper does", () => {
  for (const { value, yaml } of cases<{ value: unknown; yaml: string }>("dumper.json")) {
    equal(dumpYaml(fromPython(value)), yaml);
  }
});

test("dumpYaml() and parseYaml() give back what they got", () => {
  for (const { value } of cases<{ value: unknown }>("dumper.json")) {
    deepEqual(toPython(parseYaml(dumpYaml(fromPython(value)))), value);
  }
});

test("dumpYaml() writes floats, large numbers and bytes so that they stay such", () => {
  equal(
    dumpYaml({ a: new Float(1), b: 2n ** 70n, c: new Float(1e22), d: new Uint8Array([1, 2]) }),
    "a: 1.0\nb: 1180591620717411303424\nc: 1.0e+22\nd: !!binary |\n  AQI=\n",
  );
});

test("dumpYaml() keeps the order and indents lists when asked to", () => {
  equal(
    dumpYaml({ b: ["x", { y: 1, a: 2 }], a: 1 }, { sortKeys: false, indentLists: true }),
    "b:\n  - x\n  - y: 1\n    a: 2\na: 1\n",
  );
});

test("dumpYaml() refuses a value that contains itself", () => {
  const loop: Data[] = [];
  loop.push(loop);
  throws(() => dumpYaml(loop), /contains itself/);
});

test("plainScalar() knows Salt's rules for words and digits", () => {
  deepEqual(["yes", "y", "0644", "08", "12:30", "1e5", "2024-01-01", "~"].map(plainScalar), [
    true,
    "y",
    644,
    "08",
    750,
    "1e5",
    "2024-01-01",
    null,
  ]);
});
