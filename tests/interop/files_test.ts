/** Files between peers of different make: every function of `cp` that moves some, and paths that may not. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { saltVersions } from "../../scripts/venvs.ts";
import type { Data, DataMap } from "../../src/types/mod.ts";
import { type Lab, namesIn } from "../support/lab.ts";
import type { Master } from "../support/master.ts";
import { scenario, type Step } from "../support/scenario.ts";
import type { Software } from "../support/software.ts";

/** Larger than what masters send at a time, and not to be packed. */
const LARGE = randomBytes(3_000_000);
const TEXT = "grüße, salt\n".repeat(50_000);

const PAGE = `{%- from 'lib/map.jinja' import conf with context -%}
{% for name, value in conf | dictsort -%}
{{ name }} = {{ value }}
{% endfor -%}
{{ salt['test.echo']('echoed') }} {{ salt.grains.get('id') == grains['id'] }} {{ opts.id == grains.id }}
{{ saltenv }} {{ colour | upper }} {{ 'no.such' in salt }} {{ pillar is mapping }}
{{ salt['cmd.run']('printf %s ran') }} {{ {'a': [1, 2.0, none, true]} }}
`;
const MAP = `{% import_yaml 'lib/defaults.yaml' as defaults %}
{% set conf = salt['slsutil.merge'](defaults, {'port': 8080}) %}
`;
const RENDERED = `hosts = ['a', 1]
name = x
port = 8080
echoed True True
pages RED False True
ran {'a': [1, 2.0, None, True]}
`;

/** Three environments, and beside them what nobody may have. */
async function writeRoots(root: string): Promise<DataMap> {
  const base = join(root, "base");
  await mkdir(join(base, "web/conf/void"), { recursive: true });
  await mkdir(join(root, "dev"));
  await writeFile(join(base, "large"), LARGE);
  await writeFile(join(base, "text"), TEXT);
  await writeFile(join(base, "nothing"), "");
  await writeFile(join(base, "web/init.sls"), "{}\n");
  await writeFile(join(base, "web/conf/a b"), "spaces");
  await writeFile(join(root, "dev/only"), "dev");
  await mkdir(join(root, "pages/lib"), { recursive: true });
  await writeFile(join(root, "pages/page.jinja"), PAGE);
  await writeFile(join(root, "pages/faulty.jinja"), "fine\n{{ not_there }}\n");
  await writeFile(join(root, "pages/lib/map.jinja"), MAP);
  await writeFile(join(root, "pages/lib/defaults.yaml"), "port: 80\nname: x\nhosts: [a, 1]\n");
  await writeFile(join(root, "secret"), "SECRET");
  await symlink("../secret", join(base, "leads_out"));
  await symlink("web/init.sls", join(base, "leads_in"));
  return { base: [base], dev: [join(root, "dev")], pages: [join(root, "pages")] };
}

const sha256 = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");

/** Calls of one minion. */
function caller(master: Master, id: string) {
  return async (...args: string[]): Promise<Data | undefined> =>
    (await master.ask(id, "-t", "60", ...args))[id];
}

async function fetchSteps(master: Master, id: string, dest: string, step: Step): Promise<void> {
  const call = caller(master, id);
  await mkdir(dest, { recursive: true });
  await step(`${id}: cp.get_file, plain and packed`, async () => {
    for (const [name, content] of [["large", LARGE], ["text", TEXT], ["nothing", ""]] as const) {
      const target = join(dest, name);
      assert.equal(await call("cp.get_file", `salt://${name}`, target), target);
      assert.equal(sha256(await readFile(target)), sha256(content), name);
    }
    const packed = join(dest, "packed");
    assert.equal(await call("cp.get_file", "salt://text", packed, "gzip=5"), packed);
    assert.equal(await readFile(packed, "utf8"), TEXT);
    assert.equal(await call("cp.get_file", "salt://no_such", join(dest, "x")), "");
    assert.equal((await namesIn(dest)).includes("x"), false);
  });
  await step(`${id}: cp.get_dir, cp.cache_file, cp.is_cached, cp.get_file_str`, async () => {
    await call("cp.get_dir", "salt://web", dest);
    assert.equal(await readFile(join(dest, "web/conf/a b"), "utf8"), "spaces");
    const cached = String(await call("cp.cache_file", "salt://only?saltenv=dev"));
    assert.equal(await readFile(cached, "utf8"), "dev");
    assert.equal(await call("cp.is_cached", "salt://only", "dev"), cached);
    assert.equal(await call("cp.get_file_str", "salt://only", "dev"), "dev");
  });
  await step(`${id}: cp.get_template, and names of files that are templates`, async () => {
    const page = join(dest, "deep/page");
    const words = ["saltenv=pages", "makedirs=True", "colour=red"];
    assert.equal(await call("cp.get_template", "salt://page.jinja", page, ...words), page);
    assert.equal(await readFile(page, "utf8"), RENDERED);
    const faulty = join(dest, "faulty");
    const said = String(
      await call("cp.get_template", "salt://faulty.jinja", faulty, "saltenv=pages"),
    );
    assert.match(said, /'not_there' is undefined/);
    assert.match(said, /line 2/);
    assert.equal((await namesIn(dest)).includes("faulty"), false);
    const named = join(dest, `named-${id}`);
    const url = "salt://{{ 'te' ~ 'xt' }}";
    const wanted = join(dest, "named-{{ grains.id }}");
    assert.equal(await call("cp.get_file", url, wanted, "template=jinja"), named);
    assert.equal(await readFile(named, "utf8"), TEXT);
  });
  await step(`${id}: lists and hashes`, async () => {
    const files = await call("cp.list_master") as string[];
    const wanted = ["large", "leads_in", "nothing", "text", "web/conf/a b", "web/init.sls"];
    assert.deepEqual(files.filter((file) => file !== "leads_out").sort(), wanted);
    const dirs = await call("cp.list_master_dirs") as string[];
    assert.deepEqual(dirs.filter((dir) => dir !== ".").sort(), [
      "web",
      "web/conf",
      "web/conf/void",
    ]);
    assert.deepEqual(await call("cp.list_states"), ["web"]);
    assert.deepEqual(await call("cp.list_master", "dev"), ["only"]);
    const links = await call("cp.list_master_symlinks") as DataMap;
    assert.equal(links["leads_in"], "web/init.sls");
    const hash = await call("cp.hash_file", "salt://large") as DataMap;
    assert.equal(hash["hsum"], sha256(LARGE));
    assert.equal(await call("cp.stat_file", "salt://text"), "0644");
  });
}

async function pushSteps(master: Master, id: string, dest: string, step: Step): Promise<void> {
  const call = caller(master, id);
  await step(`${id}: cp.push and cp.push_dir`, async () => {
    assert.equal(await call("cp.push", join(dest, "large")), true);
    const pushed = join(master.cacheDir, "minions", id, "files");
    assert.equal(sha256(await readFile(join(pushed, dest, "large"))), sha256(LARGE));
    assert.equal(await call("cp.push_dir", join(dest, "web"), "upload_path=/up"), true);
    assert.equal(await readFile(join(pushed, "up/conf/a b"), "utf8"), "spaces");
  });
}

/** Files of this host by salt-cp; `source` is made. */
async function copySteps(
  master: Master,
  id: string,
  source: string,
  dest: string,
  step: Step,
): Promise<void> {
  await mkdir(join(source, "d/void"), { recursive: true });
  await writeFile(join(source, "large"), LARGE, { mode: 0o640 });
  await writeFile(join(source, "text"), TEXT);
  // In base64 it looks like a keyword argument without a value.
  await writeFile(join(source, "d/word"), "abcde", { mode: 0o750 });
  await writeFile(join(source, "d/a b; $(c)=1"), "odd name");
  await writeFile(join(source, "d/nothing"), "");
  const copy = async (...args: string[]) => {
    const { code, stdout, stderr } = await master.tool("cp", "-t", "60", ...args);
    assert.equal(code, 0, stdout + stderr);
  };
  const modeOf = async (path: string) => (await stat(path)).mode & 0o777;
  await step(`${id}: salt-cp of texts, of a file in pieces, of folders`, async () => {
    await copy(id, join(source, "text"), join(dest, "copied"));
    assert.equal(await readFile(join(dest, "copied"), "utf8"), TEXT);
    for (const more of [[], ["-n"]]) {
      const into = join(dest, `into${more.length}`);
      await copy("-C", ...more, id, join(source, "large"), join(into, "one"));
      assert.equal(sha256(await readFile(join(into, "one"))), sha256(LARGE));
      assert.equal(await modeOf(join(into, "one")), 0o640);
      await copy("-C", ...more, id, join(source, "d"), join(source, "text"), into);
      assert.deepEqual(await namesIn(join(into, "d")), ["a b; $(c)=1", "nothing", "void", "word"]);
      assert.equal(await readFile(join(into, "d/word"), "utf8"), "abcde");
      assert.equal(await modeOf(join(into, "d/word")), 0o750);
      assert.equal(await readFile(join(into, "d/a b; $(c)=1"), "utf8"), "odd name");
      assert.equal(await readFile(join(into, "text"), "utf8"), TEXT);
    }
  });
  await step(`${id}: salt-cp says what cannot be copied`, async () => {
    const plain = await master.tool("cp", id, join(source, "d"), join(dest, "x"));
    assert.equal(plain.code, 1);
    assert.match(plain.stderr, /is a directory, only files are supported/);
    assert.equal((await master.tool("cp", id, join(source, "none"), join(dest, "x"))).code, 42);
  });
}

async function hostileSteps(master: Master, id: string, dest: string, step: Step): Promise<void> {
  const call = caller(master, id);
  const secrets = [
    "salt://../secret",
    "salt://web/../../secret",
    "salt:///etc/hostname",
    "salt://%2e%2e/secret",
    "salt://..\\secret",
    "salt://leads_out",
    "salt://secret?saltenv=..",
    "salt://secret?saltenv=base/..",
    "salt://hostname?saltenv=/etc",
  ];
  await step(`${id}: paths that climb, lead out or name other folders give nothing`, async () => {
    for (const url of secrets) {
      await call("cp.get_file", url, join(dest, "stolen"));
      assert.equal((await namesIn(dest)).includes("stolen"), false, url);
    }
  });
}

const masterConfig = { auto_accept: true, file_recv: true, file_recv_max_size: 100 };

async function start(lab: Lab, software: Software) {
  const roots = join(lab.root, "roots");
  await mkdir(roots);
  const file_roots = await writeRoots(roots);
  return await (await lab.master(software, { ...masterConfig, file_roots })).start();
}

scenario("a saltx master serves files to real minions", async (lab, step) => {
  const master = await start(lab, "saltx");
  for (const version of Object.values(saltVersions)) {
    const id = `real-${version}`;
    const minion = await (await lab.minion(version, id, master)).start();
    await minion.ready();
    const dest = join(lab.root, id);
    await fetchSteps(master, id, dest, step);
    await pushSteps(master, id, dest, step);
    await copySteps(master, id, join(lab.root, `from-${id}`), dest, step);
    if (version === saltVersions.newest) await hostileSteps(master, id, dest, step);
    await minion.stop();
  }
});

scenario("a saltx master copies files to saltx minions", async (lab, step) => {
  const master = await start(lab, "saltx");
  const minion = await (await lab.minion("saltx", "sx-1", master)).start();
  await minion.ready();
  const dest = join(lab.root, "sx");
  await mkdir(dest);
  await copySteps(master, "sx-1", join(lab.root, "from"), dest, step);
});

for (const version of [saltVersions.lts, saltVersions.newest]) {
  scenario(`a real master ${version} serves files to a saltx minion`, async (lab, step) => {
    const master = await start(lab, version);
    const minion = await (await lab.minion("saltx", "sx-1", master)).start();
    await minion.ready();
    const dest = join(lab.root, "sx");
    await fetchSteps(master, "sx-1", dest, step);
    await pushSteps(master, "sx-1", dest, step);
  });
}
