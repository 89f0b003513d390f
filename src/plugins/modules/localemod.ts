/** Languages of the system. (`salt/modules/localemod.py`, `salt/utils/locales.py`) @module */
import { existsSync, readdirSync } from "node:fs";
import { CommandExecutionError, messageOf } from "../../errors.ts";
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { isTrue } from "../../text/is_true.ts";
import { which } from "../../process/mod.ts";
import { pyStr } from "../../text/py_repr.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import { operand, runProgram } from "./_program.ts";
import { readSystemFile, writeSystemFile } from "./_system_file.ts";
import { isBooted } from "./systemd_service/systemctl.ts";

/** `de_DE.UTF-8@euro UTF-8` in parts; those that are missing are empty. */
export interface LocaleParts {
  language: string;
  territory: string;
  codeset: string;
  modifier: string;
  charmap: string;
}

function cut(text: string, mark: string): [before: string, after: string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

/** Takes a name apart. */
export function splitLocale(name: string): LocaleParts {
  const [withModifier, charmap] = cut(name, " ");
  const [withCodeset, modifier] = cut(withModifier, "@");
  const [withTerritory, codeset] = cut(withCodeset, ".");
  const [language, territory] = cut(withTerritory, "_");
  return { language, territory, codeset, modifier, charmap };
}

/** Puts a name together. */
export function joinLocale(parts: LocaleParts): string {
  const behind = (mark: string, part: string) => part === "" ? "" : `${mark}${part}`;
  return parts.language + behind("_", parts.territory) + behind(".", parts.codeset) +
    behind("@", parts.modifier) + behind(" ", parts.charmap);
}

/** A name as `locale -a` writes it: `de_DE.utf8`. */
export function normalizeLocale(name: string): string {
  const parts = splitLocale(name);
  const codeset = parts.codeset.toLowerCase().replaceAll("-", "");
  return joinLocale({ ...parts, territory: parts.territory.toUpperCase(), codeset, charmap: "" });
}

/** Settings of the system, in what `localectl status` prints. */
export function parseLocalectl(text: string): Record<string, string> {
  const settings: Record<string, string> = {};
  let key = "";
  for (const line of text.split("\n")) {
    const [, name, rest] = /^\s*([^:=]+): (.*)$/.exec(line) ?? [];
    if (name !== undefined) key = name.trim().toLowerCase();
    const value = (rest ?? line).trim();
    if (key !== "system locale" || !value.includes("=")) continue;
    const [variable, locale] = cut(value, "=");
    settings[variable] = locale;
  }
  return settings;
}

async function localectl(ctx: ExecContext): Promise<Record<string, string>> {
  if (which("localectl") === null) throw new CommandExecutionError('Unable to find "localectl"');
  const { retcode, stdout, stderr } = await runProgram(ctx, ["localectl", "status"]);
  if (retcode === 0) return parseLocalectl(stdout);
  throw new CommandExecutionError(`Unable to parse result of "localectl": ${stderr}`);
}

/** The file and the setting that name the language, by family of systems. */
const places: Readonly<Record<string, [path: string, key: string]>> = {
  Suse: ["/etc/sysconfig/language", "RC_LANG"],
  RedHat: ["/etc/sysconfig/i18n", "LANG"],
  Debian: ["/etc/default/locale", "LANG"],
};

/** The value of a setting; undefined when it is not set. */
export function readSetting(text: string, key: string): string | undefined {
  const line = text.split("\n").find((one) => one.startsWith(`${key}=`));
  return line?.slice(key.length + 1).replaceAll('"', "");
}

/** Text with a setting changed, or added. */
export function writeSetting(text: string, key: string, value: string): string {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const line = `${key}=${value}`;
  const changed = lines.map((one) => one.startsWith(`${key}=`) ? line : one);
  return `${(changed.includes(line) ? changed : [...changed, line]).join("\n")}\n`;
}

async function current(ctx: ExecContext): Promise<string> {
  if (isBooted()) return (await localectl(ctx))["LANG"] ?? "";
  const family = pyStr(ctx.grains["os_family"] ?? "");
  if (family === "Gentoo") {
    return (await runProgram(ctx, ["eselect", "--brief", "locale", "show"])).stdout.trim();
  }
  const place = places[family];
  if (!place) {
    throw new CommandExecutionError(
      `Error: "${pyStr(ctx.grains["oscodename"] ?? family)}" is unsupported!`,
    );
  }
  const found = readSetting(readSystemFile(place[0]) ?? "", place[1]);
  if (found === undefined) ctx.context.retcode = 1;
  return found ?? "";
}

async function change(
  ctx: ExecContext,
  path: string,
  key: string,
  value: string,
): Promise<true> {
  await writeSystemFile(ctx, path, writeSetting(readSystemFile(path) ?? "", key, value));
  return true;
}

async function set(ctx: ExecContext, given: string): Promise<boolean> {
  const locale = operand(given, "a locale");
  if (/["\s$`\\]/.test(locale)) throw new CommandExecutionError(`"${locale}" cannot be a locale`);
  const family = pyStr(ctx.grains["os_family"] ?? "");
  // localectl of Debian 13 and later cannot write what Debian reads.
  const major = Number(ctx.grains["osmajorrelease"] ?? 0);
  if (isBooted() && !(family === "Debian" && major >= 13)) {
    const settings = Object.entries({ ...await localectl(ctx), LANG: locale })
      .map(([key, value]) => `${key}=${value}`);
    const done = await runProgram(ctx, ["localectl", "set-locale", ...settings]);
    return done.retcode === 0 || await change(ctx, "/etc/locale.conf", "LANG", locale);
  }
  if (family === "Gentoo") {
    return (await runProgram(ctx, ["eselect", "--brief", "locale", "set", locale])).retcode === 0;
  }
  const place = places[family];
  if (!place) throw new CommandExecutionError("Error: Unsupported platform!");
  if (family === "Debian") {
    if (which("update-locale") === null) {
      throw new CommandExecutionError('Cannot set locale: "update-locale" was not found.');
    }
    await runProgram(ctx, ["update-locale"]);
  }
  return await change(ctx, place[0], place[1], `"${locale}"`);
}

async function installed(ctx: ExecContext): Promise<string[]> {
  return (await runProgram(ctx, ["locale", "-a"])).stdout.split("\n");
}

/** Whether the system can make a language. */
function canMake(ctx: ExecContext, locale: string, parts: LocaleParts): boolean {
  const [os, family] = [ctx.grains["os"], ctx.grains["os_family"]];
  if (os === "Debian" || family === "Gentoo") {
    return (readSystemFile("/usr/share/i18n/SUPPORTED") ?? "").split("\n").includes(locale);
  }
  const folder = family === "Suse" ? "/usr/share/locale" : "/usr/share/i18n/locales";
  try {
    return readdirSync(folder).includes(`${parts.language}_${parts.territory}`);
  } catch (error) {
    ctx.log.error(messageOf(error));
    throw new CommandExecutionError(`Locale "${locale}" is not available.`);
  }
}

/** `/etc/locale.gen` with a line that asks for a language. */
export function withLocaleLine(text: string, locale: string): string {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const found = lines.findIndex((line) => line.replace(/^\s*#\s*/, "").trimEnd() === locale);
  if (found < 0) lines.push(locale);
  else lines[found] = locale;
  return `${lines.join("\n")}\n`;
}

async function generate(ctx: ExecContext, given: string, verbose: boolean): Promise<Data> {
  const isUbuntu = ctx.grains["os"] === "Ubuntu";
  const parts = splitLocale(operand(given, "a locale"));
  if (parts.charmap === "" && !isUbuntu) parts.charmap = parts.codeset;
  const locale = isUbuntu ? given : joinLocale(parts);
  if (!canMake(ctx, locale, parts)) {
    ctx.log.error(`The provided locale "${locale}" is not found`);
    return false;
  }
  if (existsSync("/etc/locale.gen")) {
    const text = readSystemFile("/etc/locale.gen") ?? "";
    await writeSystemFile(ctx, "/etc/locale.gen", withLocaleLine(text, locale));
  } else if (isUbuntu) {
    const path = `/var/lib/locales/supported.d/${parts.language}`;
    await writeSystemFile(ctx, path, withLocaleLine(readSystemFile(path) ?? "", locale));
  }
  const done = await runProgram(ctx, generator(ctx, locale, parts, verbose));
  if (done.retcode !== 0) ctx.log.error(done.stderr);
  return verbose ? { ...done } as DataMap : done.retcode === 0;
}

function generator(
  ctx: ExecContext,
  locale: string,
  parts: LocaleParts,
  verbose: boolean,
): string[] {
  if (which("locale-gen") !== null) {
    if (ctx.grains["os_family"] === "Gentoo") return ["locale-gen", "--generate", locale];
    return ["locale-gen", ctx.grains["os"] === "Ubuntu" ? normalizeLocale(locale) : locale];
  }
  if (which("localedef") === null) {
    throw new CommandExecutionError(
      'Command "locale-gen" or "localedef" was not found on this system.',
    );
  }
  const name = `${parts.language}_${parts.territory}`;
  const full = `${name}.${parts.codeset}`;
  const loud = verbose ? "--verbose" : "--quiet";
  return ["localedef", "--force", "-i", name, "-f", parts.codeset, full, loud];
}

const localeArg = { type: "string", required: true, doc: "Such as en_US.UTF-8." } as const;

/** The module `locale`. */
export const localemod = executionModule({
  name: "localemod",
  virtualname: "locale",
  doc: "Languages of the system.",
  functions: {
    list_avail: fn({
      doc: "Lists the languages that are there.",
      args: {},
      example: "salt '*' locale.list_avail",
      run: (ctx) => installed(ctx),
    }),
    avail: fn({
      doc: "Says whether a language is there.",
      args: { locale: localeArg },
      example: "salt '*' locale.avail 'en_US.UTF-8'",
      async run(ctx, args) {
        const wanted = normalizeLocale(args.locale);
        return (await installed(ctx)).some((one) => normalizeLocale(one.trim()) === wanted);
      },
    }),
    get_locale: fn({
      doc: "Returns the language of the system.",
      args: {},
      example: "salt '*' locale.get_locale",
      run: (ctx) => current(ctx),
    }),
    set_locale: fn({
      doc: "Sets the language of the system.",
      args: { locale: localeArg },
      example: "salt '*' locale.set_locale 'en_US.UTF-8'",
      run: (ctx, args) => set(ctx, args.locale),
    }),
    gen_locale: fn({
      doc: "Makes a language, so that it is there.",
      args: {
        locale: { ...localeArg, doc: "Such as en_US.UTF-8; on Debian also with its charmap." },
        kwargs: { type: "map", keywords: true, doc: "`verbose=True`: return what was printed." },
      },
      example: "salt '*' locale.gen_locale en_US.UTF-8\n" +
        "salt '*' locale.gen_locale 'en_IE.UTF-8 UTF-8'",
      run: (ctx, { locale, kwargs }) => generate(ctx, locale, isTrue(kwargs["verbose"])),
    }),
  },
});
