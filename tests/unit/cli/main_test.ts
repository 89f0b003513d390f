import assert from "node:assert/strict";
import { test } from "node:test";
import { ROLES } from "../../../src/cli/definitions/mod.ts";
import { main } from "../../../src/main.ts";
import { SALT_COMPAT_NAME, SALT_COMPAT_VERSION, VERSION } from "../../../src/version.ts";
import { FakeIo } from "../../support/fake_io.ts";

async function saltx(calledAs: string, ...argv: string[]) {
  const io = new FakeIo();
  const code = await main(calledAs, argv, io);
  return { code, stdout: io.stdout, stderr: io.stderr };
}

test("main() prints saltx's version, and through Salt's names a line that begins as Salt's", async () => {
  const own = `saltx ${VERSION} (Salt ${SALT_COMPAT_VERSION} ${SALT_COMPAT_NAME})\n`;
  assert.equal((await saltx("saltx", "--version")).stdout, own);
  assert.equal((await saltx("/opt/saltx", "key", "--version")).stdout, own);
  const linked = `salt-key ${SALT_COMPAT_VERSION} (${SALT_COMPAT_NAME}) saltx ${VERSION}\n`;
  assert.equal((await saltx("/usr/bin/salt-key", "--version")).stdout, linked);
});

test("main() acts as the tool whose name it was called by", async () => {
  for (const { program } of ROLES) {
    if (program === null) continue;
    const { code, stdout } = await saltx(`/usr/bin/${program}`, "--help");
    assert.equal(code, 0);
    assert.ok(stdout.startsWith(`Usage: ${program} `), program);
  }
});

test("main() takes a role by its own name and by Salt's", async () => {
  for (const { role, program } of ROLES) {
    for (const name of program === null ? [role] : [role, program]) {
      const { stdout } = await saltx("node", name, "--help");
      assert.ok(stdout.startsWith(`Usage: saltx ${role} `), name);
    }
  }
});

test("main() shows its help: on demand with 0, without a role as an error", async () => {
  const asked = await saltx("saltx", "--help");
  assert.deepEqual([asked.code, asked.stderr], [0, ""]);
  for (const { role } of ROLES) assert.match(asked.stdout, new RegExp(`^ {2}${role} +\\w`, "m"));
  const none = await saltx("saltx");
  assert.deepEqual([none.code, none.stdout, none.stderr], [64, "", asked.stdout]);
});

test("main() names the role that was probably meant", async () => {
  const cases: [string, RegExp][] = [
    ["mastre", /no such role: mastre. Did you mean 'saltx master'\?/],
    ["salt-keys", /Did you mean 'saltx salt-key'\?/],
    ["xyzzy", /no such role: xyzzy. 'saltx --help' lists the roles./],
  ];
  for (const [word, message] of cases) {
    const { code, stderr } = await saltx("saltx", word);
    assert.equal(code, 64);
    assert.match(stderr, message);
  }
});

test("main() reports runtime, libzmq, OpenSSL, SQLite and system", async () => {
  for (const argv of [["-V"], ["key", "--versions-report"], ["salt", "-V"]]) {
    const { code, stdout } = await saltx("saltx", ...argv);
    assert.equal(code, 0);
    for (const word of ["saltx", "libzmq: 4", "OpenSSL: 3", "SQLite: 3", "system", "dist"]) {
      assert.ok(stdout.includes(word), word);
    }
  }
});

test("main() shows a wrong command line with the usage, under the name it was called by", async () => {
  const { code, stdout, stderr } = await saltx("/bin/salt-run", "--nope");
  assert.deepEqual([code, stdout], [64, ""]);
  const text =
    "Usage: salt-run [options] <function> [arguments]\n\nsalt-run: error: no such option: --nope\n";
  assert.equal(stderr, text);
});
