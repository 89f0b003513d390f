/** The hosts file. (`salt/modules/hosts.py`) @module */
import { SaltInvocationError } from "../../errors.ts";
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { pyStr } from "../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";
import { readSystemFile, writeSystemFile } from "./_system_file.ts";

/** A line that names an address. */
interface HostLine {
  ip: string;
  names: string[];
  comment: string | null;
}

/** A line of the file; null when it is empty or a comment. */
function parseLine(line: string): HostLine | null {
  const at = line.indexOf("#");
  const [ip, ...names] = (at < 0 ? line : line.slice(0, at)).split(/\s+/).filter(Boolean);
  if (ip === undefined) return null;
  const comment = at < 0 ? "" : line.slice(at + 1).trim();
  return { ip, names, comment: comment === "" ? null : comment };
}

function formatLine({ ip, names, comment }: HostLine): string {
  return `${ip}\t\t${names.join(" ")}${comment === null ? "" : `\t\t# ${comment}`}`;
}

/** What a hosts file says, by address: `aliases` and `comment`; comment lines as `comment-0` … */
export function parseHosts(text: string): DataMap {
  const hosts = new Map<string, Data>();
  let comments = 0;
  for (const line of text.split("\n").map((one) => one.trim())) {
    if (line.startsWith("#")) hosts.set(`comment-${comments++}`, [line]);
    const entry = parseLine(line);
    if (!entry) continue;
    const known = hosts.get(entry.ip);
    const before = isMap(known) ? known : { aliases: [] };
    hosts.set(entry.ip, {
      ...before,
      aliases: [...before["aliases"] as string[], ...entry.names],
      ...(entry.comment === null ? {} : { comment: entry.comment }),
    });
  }
  return Object.fromEntries(hosts);
}

async function hostsFile(ctx: ExecContext): Promise<string> {
  const path = pyStr(await ctx.salt("config.option", ["hosts.file"]));
  return path === "" ? "/etc/hosts" : path;
}

async function readHosts(ctx: ExecContext): Promise<{ path: string; lines: string[] }> {
  const path = await hostsFile(ctx);
  const text = readSystemFile(path) ?? "";
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return { path, lines };
}

async function hosts(ctx: ExecContext): Promise<DataMap> {
  return parseHosts((await readHosts(ctx)).lines.join("\n"));
}

/** Names of an address. */
function aliasesOf(all: DataMap, ip: string): string[] {
  const entry = Object.hasOwn(all, ip) ? all[ip]! : null;
  return isMap(entry) ? entry["aliases"] as string[] : [];
}

/** Changes the file line by line; a line becomes none, one or the same. Lines that stay keep their form. */
async function edit(
  ctx: ExecContext,
  change: (lines: (HostLine | string)[]) => (HostLine | string)[],
): Promise<void> {
  const { path, lines } = await readHosts(ctx);
  const parsed = lines.map((line) => line.trim().startsWith("#") ? line : parseLine(line) ?? line);
  const original = new Map(parsed.map((entry, index) => [entry, lines[index]!]));
  const changed = change(parsed).map((entry) =>
    original.get(entry) ?? (typeof entry === "string" ? entry : formatLine(entry))
  );
  const text = changed.map((line) => `${line}\n`).join("");
  if (text !== lines.map((line) => `${line}\n`).join("")) await writeSystemFile(ctx, path, text);
}

function isFor(ip: string) {
  return (entry: HostLine | string): entry is HostLine =>
    typeof entry !== "string" && entry.ip === ip;
}

function checkWord(word: string, what: string): string {
  if (word === "" || /[\s#\0]/.test(word)) {
    throw new SaltInvocationError(`"${word}" cannot be ${what} in a hosts file`);
  }
  return word;
}

async function addHost(ctx: ExecContext, ip: string, alias: string): Promise<boolean> {
  checkWord(ip, "an address");
  checkWord(alias, "a name");
  await edit(ctx, (lines) => {
    if (lines.some((line) => isFor(ip)(line) && line.names.includes(alias))) return lines;
    const at = lines.findLastIndex(isFor(ip));
    if (at < 0) return [...lines, { ip, names: [alias], comment: null }];
    const line = lines[at] as HostLine;
    return lines.with(at, { ...line, names: [...line.names, alias] });
  });
  return true;
}

async function setHost(
  ctx: ExecContext,
  ip: string,
  alias: string,
  comment: string | null,
): Promise<boolean> {
  checkWord(ip, "an address");
  const names = alias.split(/\s+/).filter(Boolean).map((name) => checkWord(name, "a name"));
  const made = { ip, names, comment: comment || null };
  await edit(ctx, (lines) => {
    const at = lines.findIndex(isFor(ip));
    const rest = lines.filter((line, index) => index === at || !isFor(ip)(line));
    if (names.length === 0) return rest.filter((line) => !isFor(ip)(line));
    return at < 0 ? [...rest, made] : rest.map((line) => isFor(ip)(line) ? made : line);
  });
  return true;
}

async function removeHost(ctx: ExecContext, ip: string, alias: string): Promise<boolean> {
  await edit(ctx, (lines) =>
    lines.flatMap((line) => {
      if (!isFor(ip)(line) || !line.names.includes(alias)) return [line];
      const names = line.names.filter((name) => name !== alias);
      return names.length > 0 ? [{ ...line, names }] : [];
    }));
  return true;
}

async function setComment(ctx: ExecContext, ip: string, comment: string): Promise<boolean> {
  if (/[\r\n]/.test(comment)) throw new SaltInvocationError("A comment has one line");
  if (!Object.hasOwn(await hosts(ctx), ip)) return false;
  await edit(ctx, (lines) => {
    const at = lines.findLastIndex(isFor(ip));
    const line = lines[at] as HostLine;
    return line.comment === comment ? lines : lines.with(at, { ...line, comment });
  });
  return true;
}

const ip = { type: "string", required: true, doc: "The address." } as const;
const alias = { type: "string", required: true, doc: "The name." } as const;

/** The module `hosts`. */
export const hostsModule = executionModule({
  name: "hosts",
  doc: "The hosts file.",
  functions: {
    list_hosts: fn({
      doc: "Returns what the hosts file says, by address.",
      args: {},
      example: "salt '*' hosts.list_hosts",
      run: (ctx) => hosts(ctx),
    }),
    get_ip: fn({
      doc: "Returns the address of a name; an empty text when it is not in the file.",
      args: { host: { type: "string", required: true, doc: "The name." } },
      example: "salt '*' hosts.get_ip <hostname>",
      async run(ctx, { host }) {
        const all = await hosts(ctx);
        return Object.keys(all).find((one) => aliasesOf(all, one).includes(host)) ?? "";
      },
    }),
    get_alias: fn({
      doc: "Returns the names of an address.",
      args: { ip },
      example: "salt '*' hosts.get_alias <ip addr>",
      run: async (ctx, args) => aliasesOf(await hosts(ctx), args.ip),
    }),
    has_pair: fn({
      doc: "Says whether an address has a name, or all names of a list.",
      args: { ip, alias: { type: "any", required: true, doc: "A name, or a list of names." } },
      example: "salt '*' hosts.has_pair <ip> <alias>",
      async run(ctx, args) {
        const all = await hosts(ctx);
        if (!isMap(Object.hasOwn(all, args.ip) ? all[args.ip]! : null)) return false;
        const names = aliasesOf(all, args.ip);
        return [args.alias].flat().every((name) => names.includes(pyStr(name)));
      },
    }),
    set_host: fn({
      doc: "Sets the names of an address; others that it had are gone. Without a name, takes the " +
        "address out of the file.",
      args: {
        ip,
        alias: { type: "string", required: true, doc: "Names, with blanks between them." },
        comment: { type: "string", default: null, doc: "Text to put behind them." },
      },
      example: "salt '*' hosts.set_host <ip> <alias>",
      run: (ctx, args) => setHost(ctx, args.ip, args.alias, args.comment),
    }),
    add_host: fn({
      doc: "Adds a name to those of an address.",
      args: { ip, alias },
      example: "salt '*' hosts.add_host <ip> <alias>",
      run: (ctx, args) => addHost(ctx, args.ip, args.alias),
    }),
    rm_host: fn({
      doc: "Takes a name away from an address. True also when it did not have it.",
      args: { ip, alias },
      example: "salt '*' hosts.rm_host <ip> <alias>",
      run: (ctx, args) => removeHost(ctx, args.ip, args.alias),
    }),
    set_comment: fn({
      doc: "Sets the comment behind an address. False when it is not in the file.",
      args: { ip, comment: { type: "string", required: true, doc: "The text." } },
      example: "salt '*' hosts.set_comment <ip> <comment>",
      run: (ctx, args) => setComment(ctx, args.ip, args.comment),
    }),
  },
});
