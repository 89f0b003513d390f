/** Rotation of log files. (`salt/modules/logrotate.py`) @module */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { CommandExecutionError, messageOf, SaltInvocationError } from "../../errors.ts";
import { atomicWriteSync } from "../../fs/mod.ts";
import { executionModule, fn } from "../../loader/types.ts";
import { pyEqual } from "../../text/py_equal.ts";
import { pyStr, pyTruthy } from "../../text/py_repr.ts";
import { setKey } from "../../text/set_key.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";

const defaultConf = "/etc/logrotate.conf";

const scripts = new Set(["firstaction", "lastaction", "prerotate", "postrotate", "preremove"]);

const confFile = { type: "string", default: defaultConf, doc: "Configuration file." } as const;

/** Files that `include` may lead to from one another. */
const maxDepth = 10;

function number(value: string): Data {
  return /^[-+]?\d+$/.test(value) ? Number(value) : value;
}

/** Whether a word alone on its line names log files of a block that follows. */
function isLogFile(word: string): boolean {
  return /^[/~"']/.test(word) || /[*?[]/.test(word);
}

/** What the lines of a file say, as they are read one by one. */
class ConfReader {
  readonly conf: DataMap = {};
  readonly #include: (folder: string, into: DataMap) => void;
  #block: { names: string[]; settings: DataMap } | null = null;
  #names: string[] = [];
  #script: { name: string; lines: string[] } | null = null;

  constructor(include: (folder: string, into: DataMap) => void) {
    this.#include = include;
  }

  line(text: string): void {
    const line = text.trim();
    if (this.#script) return this.#scriptLine(line, this.#script);
    if (line === "" || line.startsWith("#")) return;
    const words = line.split(/\s+/);
    if (line.includes("{") && !line.includes("}")) {
      const names = [...this.#names, ...words.filter((word) => word !== "{")];
      this.#block = { names, settings: {} };
      this.#names = [];
    } else if (line.includes("}")) {
      for (const name of this.#block?.names ?? []) setKey(this.conf, name, this.#block!.settings);
      this.#block = null;
    } else this.#setting(words);
  }

  end(): DataMap {
    for (const name of this.#names) setKey(this.conf, name, true);
    return this.conf;
  }

  #scriptLine(line: string, script: { name: string; lines: string[] }): void {
    if (line !== "endscript") {
      script.lines.push(line);
      return;
    }
    setKey(this.#block?.settings ?? this.conf, script.name, script.lines);
    this.#script = null;
  }

  #setting(words: string[]): void {
    const [name = "", value] = words;
    if (this.#block === null && value === undefined) {
      if (isLogFile(name)) this.#names.push(name);
      else setKey(this.conf, name, true);
      return;
    }
    if (name === "include" && value !== undefined) this.#include(value, this.conf);
    if (scripts.has(name) && value === undefined) {
      this.#script = { name, lines: [] };
      return;
    }
    const into = this.#block?.settings ?? this.conf;
    if (words.length > 2) setKey(into, name, words.slice(1).join(" "));
    else setKey(into, name, value === undefined ? true : number(value));
  }
}

/**
 * Reads a configuration: settings, and for each log file a map of its own. Under `include files` stands
 * which names come from which included file.
 * @throws CommandExecutionError when a file cannot be read.
 */
export function parseConf(path: string, depth = 0): DataMap {
  if (depth > maxDepth) throw new CommandExecutionError(`"${path}" is included too deeply`);
  const reader = new ConfReader((folder, into) => {
    const known = into["include files"];
    const files: DataMap = isMap(known) ? known : {};
    into["include files"] = files;
    for (const name of readdirSync(folder)) {
      if (!statSync(join(folder, name)).isFile()) continue;
      const included = parseConf(join(folder, name), depth + 1);
      const before = Array.isArray(files[name]) ? files[name] : [];
      setKey(files, name, [...before, ...Object.keys(included)]);
      for (const [key, value] of Object.entries(included)) setKey(into, key, value);
    }
  });
  let text: string;
  try {
    text = readFileSync(path, "utf8");
    for (const line of text.split("\n")) reader.line(line);
  } catch (error) {
    if (error instanceof CommandExecutionError) throw error;
    throw new CommandExecutionError(`Cannot read "${path}": ${messageOf(error)}`);
  }
  return reader.end();
}

/** A block as it stands in a file. */
export function formatBlock(name: string, settings: DataMap): string {
  let text = "";
  for (const [key, value] of Object.entries(settings)) {
    if (scripts.has(key) && Array.isArray(value)) {
      const body = value.map((line) => `        ${pyStr(line)}\n`).join("");
      text += `    ${key}\n${body}    endscript\n`;
    } else text += `    ${key} ${value === true ? "" : pyStr(value)}\n`;
  }
  return `${name} {\n${text}}`;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}

function fileOf(conf: DataMap, key: string, given: string): string {
  const files = conf["include files"];
  if (!isMap(files) || typeof conf["include"] !== "string") return given;
  const found = Object.entries(files).find(([, names]) =>
    Array.isArray(names) && names.includes(key)
  );
  return found ? join(conf["include"], found[0]) : given;
}

/** Puts `line` in place of what fits, or at the front or the end. */
function rewrite(path: string, fits: RegExp, line: string, otherwise: "front" | "end"): boolean {
  const text = readFileSync(path, "utf8");
  let next: string;
  if (fits.test(text)) next = text.replace(fits, () => line);
  else if (otherwise === "front") next = `${line}\n${text}`;
  else next = `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}${line}\n`;
  if (next === text) return false;
  const { mode, uid, gid } = statSync(path);
  atomicWriteSync(path, next, { mode: mode & 0o7777, owner: { uid, gid } });
  return true;
}

function setPlain(conf: DataMap, key: string, value: Data, path: string): boolean {
  const current = Object.hasOwn(conf, key) ? conf[key]! : false;
  if (isMap(current)) {
    throw new SaltInvocationError(
      `Error: ${key} includes a dict, and a specific setting inside the dict was not declared`,
    );
  }
  if (pyEqual(current, value)) return true;
  const line = value === true ? key : pyTruthy(value) ? `${key} ${pyStr(value)}` : "";
  return rewrite(path, new RegExp(`^${escaped(key)}(?![\\w]).*`, "gm"), line, "front");
}

function setInBlock(
  conf: DataMap,
  key: string,
  name: string,
  setting: Data,
  path: string,
): boolean {
  const block = Object.hasOwn(conf, key) ? conf[key]! : {};
  if (!isMap(block)) {
    throw new SaltInvocationError(
      "Error: A setting for a dict was declared, but the configuration line given is not a dict",
    );
  }
  if (pyEqual(setting, Object.hasOwn(block, name) ? block[name]! : false)) return true;
  const { [name]: _old, ...others } = block;
  const next = pyTruthy(setting) ? { ...block, [name]: setting } : others;
  const fits = new RegExp(`^${escaped(key)}\\s*\\{[^}]*\\}`, "gm");
  return rewrite(path, fits, formatBlock(key, next), "end");
}

/** The module `logrotate`. */
export const logrotate = executionModule({
  name: "logrotate",
  doc: "Rotation of log files.",
  functions: {
    show_conf: fn({
      doc: "Returns the configuration, that of included files too.",
      args: { conf_file: confFile },
      example: "salt '*' logrotate.show_conf",
      run: (_ctx, args) => parseConf(args.conf_file),
    }),
    get: fn({
      doc: "Returns a setting, a block, or a setting of a block; False when it is not there.",
      args: {
        key: { type: "string", required: true, doc: "A setting, or a log file." },
        value: { type: "string", default: null, doc: "A setting of the log file's block." },
        conf_file: confFile,
      },
      example: "salt '*' logrotate.get rotate\n" +
        "salt '*' logrotate.get /var/log/wtmp rotate /etc/logrotate.conf",
      run(_ctx, args) {
        const conf = parseConf(args.conf_file);
        const found = Object.hasOwn(conf, args.key) ? conf[args.key]! : false;
        if (!args.value || !pyTruthy(found)) return found;
        return isMap(found) && Object.hasOwn(found, args.value) ? found[args.value]! : false;
      },
    }),
    set: fn({
      doc: "Sets a value, or with `setting` one within a log file's block.",
      args: {
        key: { type: "string", required: true, doc: "A setting, or a log file." },
        value: {
          type: "any",
          required: true,
          doc: "Its value, True for a setting without one; or the name of a block's setting.",
        },
        setting: {
          type: "any",
          default: null,
          doc: "Value of the block's setting; False removes.",
        },
        conf_file: confFile,
      },
      example: "salt '*' logrotate.set rotate 2\n" +
        "salt '*' logrotate.set /var/log/wtmp rotate 2",
      run(_ctx, args) {
        const { key, value, setting } = args;
        const conf = parseConf(args.conf_file);
        const path = fileOf(conf, key, args.conf_file);
        return setting === null
          ? setPlain(conf, key, value, path)
          : setInBlock(conf, key, pyStr(value), setting, path);
      },
    }),
  },
});
