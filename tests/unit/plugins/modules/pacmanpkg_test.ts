import assert from "node:assert/strict";
import { test } from "node:test";
import { pacmanpkg } from "../../../../src/plugins/modules/pacmanpkg/mod.ts";
import {
  parseFiles,
  parseGroups,
  parseInstalled,
  parsePrinted,
  parseRefresh,
  parseRepos,
} from "../../../../src/plugins/modules/pacmanpkg/pacman.ts";
import { withPrograms } from "../../../support/fake_programs.ts";

const options = {
  modules: [pacmanpkg],
  grains: { id: "tester", os: "Arch", os_family: "Arch", osarch: "x86_64" },
};

test("parseRefresh() reads what pacman 5 and 6 print", () => {
  const old = `:: Synchronizing package databases...
 core is up to date
downloading extra.db...
`;
  assert.deepEqual(parseRefresh(old), { core: false, extra: true });
  const now = `:: Synchronizing package databases...
 core is up to date
 extra downloading...
`;
  assert.deepEqual(parseRefresh(now), { core: false, extra: true });
});

test("listings are read as pacman prints them", () => {
  assert.deepEqual([...parseInstalled("hello 1.0-1\ngreeter 1:1.5-3\n")], [
    ["hello", ["1.0-1"]],
    ["greeter", ["1:1.5-3"]],
  ]);
  assert.deepEqual(parsePrinted("hello 2.0-1\nDownloading core.db\n:: x y z\n"), {
    hello: "2.0-1",
  });
  const repos = "core hello 2.0-1 [installed: 1.0-1]\nextra hello 1.9-1\ncore zsh 5-1\n";
  assert.deepEqual(parseRepos(repos, (_, name) => name === "hello"), {
    core: { hello: ["2.0-1"] },
    extra: { hello: ["1.9-1"] },
  });
  assert.deepEqual(parseGroups("friends hello\nfriends greeter\n"), {
    friends: ["hello", "greeter"],
  });
  assert.deepEqual(
    parseFiles("hello /usr/\nhello /usr/a b\n", "error: package 'x' was not found\n"),
    { errors: ["error: package 'x' was not found"], files: { hello: ["/usr/", "/usr/a b"] } },
  );
});

const programs = {
  pacman: `case "$*" in
-Q) cat "$FOLDER/installed" 2> /dev/null || echo 'hello 1.0-1' ;;
-Sp*) echo 'hello 2.0-1' ;;
-Sl) printf 'tests hello 2.0-1 [installed: 1.0-1]\\ntests greeter 1.5-3\\n' ;;
-S*nosuch*) echo 'error: target not found: nosuch' >&2; exit 1 ;;
-Sgg*) printf 'friends hello\\nfriends greeter\\n' ;;
-Qg) echo 'friends hello' ;;
-S*hello*) echo 'hello 2.0-1' > "$FOLDER/installed" ;;
-R*) : > "$FOLDER/installed" ;;
esac`,
};

test("pkg functions of pacman read and change what is installed", async () => {
  await withPrograms(programs, async ({ ctx, calls }) => {
    assert.deepEqual(await ctx.salt("pkg.list_pkgs"), { hello: "1.0-1" });
    assert.equal(await ctx.salt("pkg.latest_version", ["hello"]), "2.0-1");
    assert.deepEqual(await ctx.salt("pkg.group_list"), {
      installed: [],
      partially_installed: ["friends"],
      available: [],
    });
    assert.deepEqual(await ctx.salt("pkg.install", ["hello"], { version: "2*" }), {
      hello: { old: "1.0-1", new: "2.0-1" },
    });
    const argv = ["pacman", "-S", "--noprogressbar", "--noconfirm", "--needed", "hello=2.0-1"];
    assert.ok(calls().some((call) => call.join(" ") === argv.join(" ")));
    assert.deepEqual(await ctx.salt("pkg.purge", ["hello"]), { hello: { old: "2.0-1", new: "" } });
    assert.ok(calls().some((call) => call.join(" ").startsWith("pacman -Rsc")));
    await assert.rejects(ctx.salt("pkg.install", ["nosuch"]), /target not found: nosuch/);
    const install = (version: string) => ctx.salt("pkg.install", ["hello"], { version });
    await assert.rejects(install("9*"), /No version matching '9\*' found for package 'hello'/);
    await assert.rejects(install(">9*"), /Invalid wildcard for hello>9\*/);
    await assert.rejects(ctx.salt("pkg.install", ["--root=/x"]), /cannot be the name/);
  }, options);
});
