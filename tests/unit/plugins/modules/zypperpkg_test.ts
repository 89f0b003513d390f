import assert from "node:assert/strict";
import { test } from "node:test";
import { rpmLowpkg } from "../../../../src/plugins/modules/rpm_lowpkg.ts";
import { parseDowngrades } from "../../../../src/plugins/modules/zypperpkg/install.ts";
import { productOf } from "../../../../src/plugins/modules/zypperpkg/products.ts";
import { zypperpkg } from "../../../../src/plugins/modules/zypperpkg/mod.ts";
import {
  parseInfo,
  parseLocks,
  parseRefresh,
} from "../../../../src/plugins/modules/zypperpkg/zypper.ts";
import { elementsOf, parseXml } from "../../../../src/text/xml.ts";
import { testContext } from "../../../support/exec_context.ts";
import { withPrograms } from "../../../support/fake_programs.ts";

const options = {
  modules: [zypperpkg, rpmLowpkg],
  grains: { id: "tester", os: "SUSE", os_family: "Suse", osarch: "x86_64" },
};

/** What zypper 1.14 prints. */
const info = `Loading repository data...
Reading installed packages...


Information for package hello:
------------------------------
Repository     : Local packages
Name           : hello
Version        : 2.0-1
Arch           : noarch
Vendor         : Example
Installed      : Yes
Status         : out-of-date (version 1.0-1 installed)
Summary        : Test: a package
Description    : 
    A package for tests.
`;

test("parseInfo() reads fields by package", () => {
  assert.deepEqual(parseInfo(info), {
    hello: {
      repository: "Local packages",
      version: "2.0-1",
      arch: "noarch",
      vendor: "Example",
      installed: true,
      status: "out-of-date (version 1.0-1 installed)",
      summary: "Test: a package",
    },
  });
  assert.deepEqual(parseInfo("package 'nosuch' not found.\n"), {});
});

test("parseRefresh() tells what was fetched from what is up to date", () => {
  const text = `Forcing raw metadata refresh
Retrieving repository 'Local packages' metadata [.done]
Building repository 'Local packages' cache [....done]
Repository 'Other' is up to date.
All repositories have been refreshed.
`;
  assert.deepEqual(parseRefresh(text), { "Local packages": true, Other: false });
});

test("parseLocks() reads the file of locks; parseDowngrades() what is only older", () => {
  const text = `
type: package
match_type: glob
case_sensitive: on
solvable_name: hello
version: = 1.0

type: package
match_type: glob
solvable_name: lon*
`;
  assert.deepEqual(parseLocks(text), {
    hello: { type: "package", match_type: "glob", case_sensitive: "on", version: "= 1.0" },
    "lon*": { type: "package", match_type: "glob" },
  });
  const older = "The selected package 'hello-1.0' from repository 'x' has lower version than y.\n";
  assert.deepEqual(parseDowngrades(`x\n${older}`), ["hello-1.0"]);
});

test("productOf() reads a product", () => {
  const xml = `<product name="SLES" version="15.5" release="" isbase="true" installed="1">
<endoflife time_t="1700000000" text="2023-11-14"/><description>Line one.
  Line two.</description></product>`;
  assert.deepEqual(productOf(elementsOf(parseXml(`<x>${xml}</x>`), "product")[0]!, null), {
    name: "SLES",
    version: "15.5",
    isbase: true,
    installed: true,
    eol: "2023-11-14",
    eol_t: 1700000000,
    description: "Line one. Line two.",
  });
});

const line = (version: string) => `hello_|-(none)_|-${version}_|-1_|-noarch_|-(none)_|-1700000000`;
const xml = (body: string) => `printf '%s' '<?xml version="1.0"?><stream>${body}</stream>'`;
const solvable = (edition: string) =>
  `<solvable status="not-installed" name="hello" kind="package" edition="${edition}" ` +
  `arch="noarch" repository="Local packages"/>`;
const programs = {
  rpm: `cat "$FOLDER/installed" 2> /dev/null || echo '${line("1.0")}'`,
  zypper: `case "$*" in
*" info "*) cat <<'END'
${info}
END
;;
*list-updates*) ${
    xml('<update kind="package" name="hello" edition="2.0-1"/><update kind="patch" name="p"/>')
  } ;;
*" se "*nosuch*|*search*nosuch*) ${xml("")}; exit 104 ;;
*" se "*|*search*) ${xml(solvable("1.0-1") + solvable("2.0-1"))} ;;
*" refresh"*) echo "Building repository 'Local packages' cache [....done]" ;;
*install*nosuch*) echo "Package 'nosuch' not found." >&2; exit 104 ;;
*install*) echo '${line("2.0")}' > "$FOLDER/installed"; exit 102 ;;
*remove*) : > "$FOLDER/installed" ;;
esac`,
};

test("pkg.normalize_name of zypper takes architectures of 32 bits for one another", async () => {
  const named = async (osarch: string, name: string) => {
    const grains = { ...options.grains, osarch };
    const ctx = await testContext({ ...options, grains });
    return await ctx.salt("pkg.normalize_name", [name]);
  };
  assert.equal(await named("x86_64", "zsh.x86_64"), "zsh");
  assert.equal(await named("x86_64", "zsh.i586"), "zsh.i586");
  assert.equal(await named("i686", "zsh.i586"), "zsh");
  assert.equal(await named("armv7l", "zsh.armv7hl"), "zsh");
  assert.equal(await named("i686", "zsh.noarch"), "zsh");
  assert.equal(await named("i686", "python3.11"), "python3.11");
});

test("pkg functions of zypper read and change what is installed", async () => {
  await withPrograms(programs, async ({ ctx, calls }) => {
    assert.deepEqual(await ctx.salt("pkg.list_pkgs"), { hello: "1.0-1" });
    assert.deepEqual(await ctx.salt("pkg.refresh_db"), { "Local packages": true });
    assert.equal(await ctx.salt("pkg.latest_version", ["hello"]), "2.0-1");
    assert.equal(await ctx.salt("pkg.upgrade_available", ["hello"], { refresh: false }), true);
    assert.deepEqual(await ctx.salt("pkg.list_upgrades", [false]), { hello: "2.0-1" });
    assert.deepEqual(await ctx.salt("pkg.list_repo_pkgs", ["hel*"]), { hello: ["2.0-1", "1.0-1"] });
    assert.deepEqual(await ctx.salt("pkg.install", ["hello"]), {
      hello: { old: "1.0-1", new: "2.0-1" },
    });
    const argv = calls().find((call) => call.includes("install"));
    assert.deepEqual(argv, [
      "zypper",
      "--non-interactive",
      "--no-refresh",
      "install",
      "--auto-agree-with-licenses",
      "--name",
      "hello",
    ]);
    assert.deepEqual(await ctx.salt("pkg.remove", ["hello"]), { hello: { old: "2.0-1", new: "" } });
  }, options);
});

test("pkg.install of zypper chooses versions and says what it cannot find", async () => {
  await withPrograms(programs, async ({ ctx, calls }) => {
    const install = (version: string) => ctx.salt("pkg.install", ["hello"], { version });
    const last = () => calls().findLast((call) => call.includes("install"))!.at(-1);
    await install("1.*");
    assert.equal(last(), "hello=1.0-1");
    await install(">=*");
    assert.equal(last(), "hello>=2.0-1");
    await assert.rejects(install("9*"), /No version of 'hello' fits '9\*'/);
    await assert.rejects(
      ctx.salt("pkg.install", ["nosuch"]),
      /Zypper command failure: Package 'nosuch' not found/,
    );
    await assert.rejects(ctx.salt("pkg.search", ["nosuch"]), /No packages found matching 'nosuch'/);
    await assert.rejects(ctx.salt("pkg.install", ["--root=/x"]), /cannot be the name/);
  }, options);
});
