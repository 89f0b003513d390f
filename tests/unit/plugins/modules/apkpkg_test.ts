import assert from "node:assert/strict";
import { test } from "node:test";
import {
  apkpkg,
  parseInstalled,
  parseUpgrades,
  splitPackage,
} from "../../../../src/plugins/modules/apkpkg.ts";
import { withPrograms } from "../../../support/fake_programs.ts";

const options = {
  modules: [apkpkg],
  grains: { id: "tester", os: "Alpine", os_family: "Alpine", osarch: "x86_64" },
};

/** What apk of Alpine 3.19 prints. */
const installed = `WARNING: opening from cache https://dl-cdn.alpinelinux.org: No such file
musl-1.2.4_git20230717-r4
ca-certificates-bundle-20230506-r0
py3-setuptools-68.2.2-r0
`;
const upgradable = `(1/2) Upgrading musl (1.2.4_git20230717-r4 -> 1.2.5-r0)
(2/2) Installing libnew (1.0-r0)
OK: 8 MiB in 15 packages
`;

test("splitPackage() parts names and versions that both have dashes", () => {
  assert.deepEqual(splitPackage("ca-certificates-bundle-20230506-r0"), [
    "ca-certificates-bundle",
    "20230506-r0",
  ]);
  assert.equal(splitPackage("nonsense"), undefined);
});

test("parseInstalled() and parseUpgrades() read what apk prints", () => {
  assert.deepEqual(Object.fromEntries(parseInstalled(installed)), {
    musl: ["1.2.4_git20230717-r4"],
    "ca-certificates-bundle": ["20230506-r0"],
    "py3-setuptools": ["68.2.2-r0"],
  });
  assert.deepEqual(parseUpgrades(upgradable), { musl: "1.2.5-r0" });
});

const programs = {
  apk: `case "$*" in
"info -v") cat "$FOLDER/installed" 2> /dev/null || echo 'musl-1.2.4-r4' ;;
"info -L musl") printf 'musl-1.2.4-r4 contains:\\nlib/libc.musl-x86_64.so.1\\n\\n' ;;
"info -W /lib/libc.so") echo '/lib/libc.so is owned by musl-1.2.4-r4' ;;
"info -W"*) echo 'ERROR: /x: Could not find owner package' ;;
"upgrade -s") printf '(1/1) Upgrading musl (1.2.4-r4 -> 1.2.5-r0)\\nOK\\n' ;;
"search zsh") printf 'zsh-5.9-r2\\nzsh-doc-5.9-r2\\n' ;;
*nosuch*) echo 'ERROR: unable to select packages: nosuch (no such package)' >&2; exit 1 ;;
add*musl*|upgrade) echo 'musl-1.2.5-r0' > "$FOLDER/installed" ;;
add*) printf 'musl-1.2.4-r4\\nzsh-5.9-r2\\n' > "$FOLDER/installed" ;;
del*) echo 'musl-1.2.4-r4' > "$FOLDER/installed" ;;
esac`,
};

test("pkg functions of apk read and change what is installed", async () => {
  await withPrograms(programs, async ({ ctx, calls }) => {
    assert.deepEqual(await ctx.salt("pkg.list_pkgs"), { musl: "1.2.4-r4" });
    assert.deepEqual(await ctx.salt("pkg.latest_version", ["musl", "zsh"]), {
      musl: "1.2.5-r0",
      zsh: "5.9-r2",
    });
    assert.deepEqual(await ctx.salt("pkg.list_upgrades", [false]), { musl: "1.2.5-r0" });
    assert.deepEqual(await ctx.salt("pkg.install", ["zsh"], { version: ">5" }), {
      zsh: { old: "", new: "5.9-r2" },
    });
    assert.ok(calls().some((call) => call.join(" ") === "apk add zsh>5"));
    assert.deepEqual(await ctx.salt("pkg.purge", ["zsh"]), { zsh: { old: "5.9-r2", new: "" } });
    assert.ok(calls().some((call) => call.join(" ") === "apk del --purge zsh"));
    assert.deepEqual(await ctx.salt("pkg.upgrade", [], { refresh: false }), {
      changes: { musl: { old: "1.2.4-r4", new: "1.2.5-r0" } },
      result: true,
      comment: "",
    });
    assert.deepEqual(await ctx.salt("pkg.file_dict", ["musl"]), {
      errors: [],
      packages: { musl: ["lib/libc.musl-x86_64.so.1"] },
    });
    assert.deepEqual(await ctx.salt("pkg.owner", ["/lib/libc.so", "/x"]), {
      "/lib/libc.so": "musl-1.2.4-r4",
      "/x": "Could not find owner package",
    });
    await assert.rejects(ctx.salt("pkg.install", ["nosuch"]), /unable to select packages: nosuch/);
    await assert.rejects(ctx.salt("pkg.install", ["--root"]), /cannot be the name/);
  }, options);
});
