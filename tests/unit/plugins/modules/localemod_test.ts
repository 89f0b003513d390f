import assert from "node:assert/strict";
import { test } from "node:test";
import {
  joinLocale,
  normalizeLocale,
  parseLocalectl,
  readSetting,
  splitLocale,
  withLocaleLine,
  writeSetting,
} from "../../../../src/plugins/modules/localemod.ts";
import { withPrograms } from "../../../support/fake_programs.ts";

test("splitLocale() and joinLocale() take names apart and put them together", () => {
  const name = "ca_es.UTF-8@valencia UTF-8";
  assert.deepEqual(splitLocale(name), {
    language: "ca",
    territory: "es",
    codeset: "UTF-8",
    modifier: "valencia",
    charmap: "UTF-8",
  });
  assert.equal(joinLocale(splitLocale(name)), name);
  assert.equal(joinLocale(splitLocale("C")), "C");
  assert.equal(normalizeLocale(name), "ca_ES.utf8@valencia");
});

test("parseLocalectl() reads all variables of the system locale", () => {
  const text = `   System Locale: LANG=en_US.UTF-8
                  LC_TIME=de_DE.UTF-8
       VC Keymap: us
      X11 Layout: us
`;
  assert.deepEqual(parseLocalectl(text), { LANG: "en_US.UTF-8", LC_TIME: "de_DE.UTF-8" });
  assert.deepEqual(parseLocalectl("System Locale: n/a\n"), {});
});

test("settings and lines of /etc/locale.gen are changed where they are, or added", () => {
  assert.equal(readSetting('# x\nLANG="C"\n', "LANG"), "C");
  assert.equal(writeSetting("LANG=C\nLC_ALL=C\n", "LANG", "de"), "LANG=de\nLC_ALL=C\n");
  assert.equal(writeSetting("", "LANG", "de"), "LANG=de\n");
  const text = "# de_DE.UTF-8 UTF-8\n#en_US.UTF-8 UTF-8  \n";
  assert.equal(
    withLocaleLine(text, "en_US.UTF-8 UTF-8"),
    "# de_DE.UTF-8 UTF-8\nen_US.UTF-8 UTF-8\n",
  );
  assert.equal(withLocaleLine("", "a"), "a\n");
});

test("locale.avail goes by the name as the system writes it", async () => {
  await withPrograms({ locale: "printf 'C\\nen_US.utf8\\nPOSIX\\n'" }, async ({ ctx }) => {
    assert.deepEqual(await ctx.salt("locale.list_avail"), ["C", "en_US.utf8", "POSIX"]);
    assert.equal(await ctx.salt("locale.avail", ["en_US.UTF-8"]), true);
    assert.equal(await ctx.salt("locale.avail", ["de_DE.UTF-8"]), false);
  });
});

test("locale.set_locale refuses what would break the file", async () => {
  await withPrograms({}, async ({ ctx }) => {
    for (const name of ['C"\nX=1', "C $(id)", "--help", ""]) {
      await assert.rejects(ctx.salt("locale.set_locale", [name]), /cannot be a locale/);
    }
  });
});
