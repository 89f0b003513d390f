import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mergeBy, PillarCompiler, type PillarSettings } from "../../../src/plugins/pillar/mod.ts";

describe("PillarCompiler", () => {
  let dir: string;
  const write = (path: string, text: string) => {
    mkdirSync(join(dir, path, ".."), { recursive: true });
    writeFileSync(join(dir, path), text);
  };
  const compile = (
    id: string,
    settings: Partial<PillarSettings> = {},
    pillarenv: string | null = null,
  ) =>
    new PillarCompiler({
      pillar_roots: { base: [join(dir, "base")], dev: [join(dir, "dev")] },
      ...settings,
    }).compile({ id, grains: { id, os: "Debian" }, pillarenv });

  before(() => {
    dir = mkdtempSync(join(tmpdir(), "saltx-pillar-"));
    write(
      "base/top.sls",
      "base:\n  '*':\n    - common\n  web1:\n    - web\n  broken:\n    - broken\n    - jinja\n    - nothing\n" +
        "  quiet:\n    - ignore_missing: true\n    - nothing\ndev:\n  devbox:\n    - d\n",
    );
    write("base/common.sls", "a: 1\nmap: {x: 1, y: 2}\nlist: [1]\nyes_is: yes\n");
    write(
      "base/web/init.sls",
      "include:\n  - .secret\n  - web.ports:\n      key: net:ports\nmap: {y: 3}\nlist: [2]\n",
    );
    write("base/web/secret.sls", "password: hunter2\n");
    write("base/web/ports.sls", "http: 80\ninclude:\n  - web\n");
    write("base/broken.sls", "a: [1\n");
    write("base/jinja.sls", "# {{ a comment }}\na: {{ 1 }}\n");
    write("dev/d.sls", "env: dev\n");
  });
  after(() => rmSync(dir, { recursive: true }));

  test("merges what the top file names for a minion, the later over the earlier", () => {
    assert.deepEqual(compile("web1"), {
      a: 1,
      map: { x: 1, y: 3 },
      list: [2],
      yes_is: true,
      password: "hunter2",
      net: { ports: { http: 80 } },
    });
  });

  test("gives a minion nothing of what is for another one", () => {
    assert.deepEqual(Object.keys(compile("db1")).sort(), ["a", "list", "map", "yes_is"]);
  });

  test("joins lists with pillar_merge_lists", () => {
    assert.deepEqual(compile("web1", { pillar_merge_lists: true })["list"], [1, 2]);
  });

  test("takes only one saltenv with pillarenv", () => {
    assert.deepEqual(compile("devbox", {}, "dev"), {});
    assert.equal(compile("devbox")["env"], "dev");
  });

  test("says in _errors which file is wrong and why, and goes on with the rest", () => {
    const pillar = compile("broken");
    assert.equal(pillar["a"], 1);
    const errors = pillar["_errors"] as string[];
    assert.equal(errors.length, 3);
    assert.match(errors[0]!, /Rendering SLS 'broken\.sls' failed/);
    assert.match(errors[1]!, /template marks/);
    assert.match(errors[2]!, /'nothing' in environment 'base' is not available/);
  });

  test("ignore_missing keeps a missing sls quiet", () => {
    assert.equal("_errors" in compile("quiet"), false);
  });
});

test("mergeBy() follows the strategy", () => {
  const [a, b] = [{ m: { x: 1 }, l: [1] }, { m: { y: 2 }, l: [2] }];
  assert.deepEqual(mergeBy("recurse", a, b, false), { m: { x: 1, y: 2 }, l: [2] });
  assert.deepEqual(mergeBy("overwrite", a, b, false), { m: { y: 2 }, l: [2] });
  assert.deepEqual(mergeBy("none", a, b, false), b);
  assert.deepEqual(mergeBy("list", { k: 1 }, { k: 2 }, false), { k: [1, 2] });
});
