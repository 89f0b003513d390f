/** Sets of addresses for the packet filter. (`salt/modules/ipset.py`) @module */
import { SaltInvocationError } from "../../errors.ts";
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { which } from "../../process/mod.ts";
import { pyStr } from "../../text/py_repr.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import { memberContains, parseMember } from "./_ip_members.ts";
import { operand, runProgram } from "./_program.ts";

const families: Readonly<Record<string, string>> = {
  ...{ ipv4: "inet", ip4: "inet", ipv6: "inet6", ip6: "inet6" },
};

const common = ["timeout", "counters", "comment", "skbinfo"];
const hashed = ["hashsize", "maxelem", ...common];
const ofAddresses = ["family", ...hashed, "netmask"];

/** What each type of set is created with. */
const createOptions: Readonly<Record<string, readonly string[]>> = {
  "bitmap:ip": ["range", "netmask", ...common],
  "bitmap:ip,mac": ["range", ...common],
  "bitmap:port": ["range", ...common],
  "hash:ip": ofAddresses,
  "hash:mac": hashed,
  "hash:ip,port": ofAddresses,
  "hash:ip,port,ip": ofAddresses,
  "hash:ip,port,net": ofAddresses,
  "hash:net": ofAddresses,
  "hash:net,net": ofAddresses,
  "hash:net,iface": ofAddresses,
  "hash:net,port": ofAddresses,
  "hash:net,port,net": ofAddresses,
  "hash:ip,mark": ["family", "markmask", ...hashed],
  "list:set": ["size", "timeout", "counters", "comment"],
};
const withoutValue = new Set(["comment", "counters", "skbinfo"]);
const skb = ["skbmark", "skbprio", "skbqueue"];
const addOptions = ["timeout", "nomatch", "packets", "bytes", ...skb];

/** Types whose entries can be exceptions. */
const withNomatch = new Set([
  ...["hash:net", "hash:net,net", "hash:net,port", "hash:net,port,net", "hash:ip,port,net"],
  ...["hash:ip,port", "hash:net,iface"],
]);

function familyOf(name: string): string {
  const family = Object.hasOwn(families, name) ? families[name] : undefined;
  if (family !== undefined) return family;
  throw new SaltInvocationError(`family "${name}" is neither ipv4 nor ipv6`);
}

/** What ipset prints, both streams; nothing when all is well. */
async function ipset(ctx: ExecContext, ...words: string[]): Promise<string> {
  const { stdout, stderr } = await runProgram(ctx, ["ipset", ...words]);
  return [stdout, stderr].filter(Boolean).join("\n");
}

/** Lines `key: value` of what ipset lists of a set. */
export function parseSet(text: string): Record<string, string> {
  const pairs = text.split("\n").flatMap((line) => {
    const colon = line.indexOf(":");
    return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 2)] as const];
  });
  return Object.fromEntries(pairs);
}

/** What a set is; undefined when there is none of that name. */
async function infoOf(ctx: ExecContext, name: string): Promise<Record<string, string> | undefined> {
  const { retcode, stdout } = await runProgram(ctx, [
    "ipset",
    "list",
    "-t",
    operand(name, "a set"),
  ]);
  return retcode > 0 ? undefined : parseSet(stdout);
}

async function membersOf(ctx: ExecContext, name: string): Promise<string[]> {
  const { retcode, stdout } = await runProgram(ctx, ["ipset", "list", operand(name, "a set")]);
  if (retcode > 0) return [];
  const lines = stdout.split("\n");
  const start = lines.findIndex((line) => line.includes("Members:"));
  return start < 0 ? [] : lines.slice(start + 1);
}

async function newSet(
  ctx: ExecContext,
  name: string | null,
  type: string | null,
  family: string,
  comment: boolean,
  kwargs: DataMap,
): Promise<Data> {
  const inet = familyOf(family);
  if (!name) return "Error: Set Name needs to be specified";
  if (!type) return "Error: Set Type needs to be specified";
  const known = Object.hasOwn(createOptions, type) ? createOptions[type] : undefined;
  if (!known) return "Error: Set Type is invalid";
  if (type.startsWith("bitmap:") && kwargs["range"] === undefined) {
    return "Error: range is a required argument";
  }
  const words = ["create", operand(name, "a set"), type];
  for (const option of known) {
    const value = kwargs[option];
    if (value === undefined) continue;
    words.push(option, ...(withoutValue.has(option) ? [] : [operand(value, `a ${option}`)]));
  }
  if (known.includes("family")) words.push("family", inet);
  if (comment) words.push("comment");
  return await ipset(ctx, ...words) || true;
}

/** What a set was not created with, of what the options of an entry need. */
function notCreatedWith(header: string, kwargs: DataMap): string | undefined {
  const needs = [
    ["timeout", ["timeout"]],
    ["counters", ["packets", "bytes"]],
    ["comment", ["comment"]],
    ["skbinfo", skb],
  ] as const;
  return needs.find(([feature, options]) =>
    options.some((option) => kwargs[option] !== undefined) && !header.includes(feature)
  )?.[0];
}

async function add(ctx: ExecContext, name: string, entry: string, kwargs: DataMap) {
  const info = await infoOf(ctx, name);
  if (!info) return `Error: Set ${name} does not exist`;
  const lacks = notCreatedWith(info["Header"] ?? "", kwargs);
  if (lacks) return `Error: Set ${name} not created with ${lacks} support`;
  const words = ["add", "-exist", name, ...entry.trim().split(/\s+/)];
  if (kwargs["comment"] !== undefined && !entry.includes("comment")) {
    words.push("comment", pyStr(kwargs["comment"]));
  }
  for (const option of addOptions) {
    const value = kwargs[option];
    if (value === undefined || (option === "nomatch" && !withNomatch.has(info["Type"] ?? ""))) {
      continue;
    }
    words.push(option, ...(option === "nomatch" ? [] : [operand(value, `a ${option}`)]));
  }
  if ((await membersOf(ctx, name)).includes(entry)) {
    return `Warn: Entry ${entry} already exists in set ${name}`;
  }
  const said = await ipset(ctx, ...words);
  return said === "" ? "Success" : `Error: ${said}`;
}

async function check(ctx: ExecContext, name: string, entry: Data): Promise<Data> {
  const info = await infoOf(ctx, name);
  if (!info) return `Error: Set ${name} does not exist`;
  const type = info["Type"] ?? "";
  const members = (await membersOf(ctx, name)).map((text) => parseMember(type, text));
  const entries = (Array.isArray(entry) ? entry : [entry]).map((one) =>
    parseMember(type, pyStr(one))
  );
  return members.some((member) => entries.some((one) => memberContains(member, one)));
}

async function rename(ctx: ExecContext, name: string, to: string): Promise<Data> {
  if (!await infoOf(ctx, name)) return "Error: Set does not exist";
  if (await infoOf(ctx, to)) return "Error: New Set already exists";
  return await ipset(ctx, "rename", name, operand(to, "a set")) || true;
}

/** All sets; ipset parts them by empty lines. */
async function list(ctx: ExecContext): Promise<Data> {
  return (await ipset(ctx, "list", "-t")).split("\n\n").map(parseSet);
}

const noSet = "Error: Set needs to be specified";
const noEntry = "Error: Entry needs to be specified";
const name = { type: "string", default: null, doc: "Name of the set." } as const;
const entry = { type: "string", default: null, doc: "The entry: `192.168.1.26`." } as const;
const family = { type: "string", default: "ipv4", doc: "`ipv4` or `ipv6`." } as const;
const kwargs = { type: "map", keywords: true, doc: "`timeout`, `comment`, `packets` …" } as const;

/** The module `ipset`. */
export const ipsetModule = executionModule({
  name: "ipset",
  doc: "Sets of addresses, networks, ports and interfaces, which rules of the packet filter name.",
  virtual: () =>
    which("ipset") !== null ||
    "The ipset execution modules cannot be loaded: ipset binary not in path.",
  functions: {
    version: fn({
      doc: "Returns the version of ipset.",
      args: {},
      example: "salt '*' ipset.version",
      run: async (ctx) => (await ipset(ctx, "--version")).split(/\s+/)[1] ?? "",
    }),
    new_set: fn({
      doc: "Makes a set. True, or what ipset complains of.",
      args: {
        name,
        set_type: { type: "string", default: null, doc: "Such as `hash:ip`, `list:set`." },
        family,
        comment: { type: "bool", default: false, doc: "Entries may have comments." },
        kwargs: { type: "map", keywords: true, doc: "`range`, `timeout`, `maxelem`, `counters` …" },
      },
      example: "salt '*' ipset.new_set custom_set list:set\n" +
        "salt '*' ipset.new_set custom_set list:set comment=True",
      run: (ctx, args) =>
        newSet(ctx, args.name, args.set_type, args.family, args.comment, args.kwargs),
    }),
    delete_set: fn({
      doc: "Removes a set. True, or what ipset complains of.",
      args: { name, family },
      example: "salt '*' ipset.delete_set custom_set",
      run: async (ctx, { name }) =>
        name ? await ipset(ctx, "destroy", operand(name, "a set")) || true : noSet,
    }),
    rename_set: fn({
      doc: "Renames a set. True, or what is wrong.",
      args: { name, new_set: { type: "string", default: null, doc: "Its new name." }, family },
      example: "salt '*' ipset.rename_set custom_set new_set=new_set_name",
      run(ctx, { name, new_set }) {
        if (!name) return noSet;
        return new_set
          ? rename(ctx, name, new_set)
          : "Error: New name for set needs to be specified";
      },
    }),
    list_sets: fn({
      doc: "Returns what each set is.",
      args: { family },
      example: "salt '*' ipset.list_sets",
      run: (ctx) => list(ctx),
    }),
    check_set: fn({
      doc: "Whether there is a set.",
      args: { name, family },
      example: "salt '*' ipset.check_set name",
      run: async (ctx, { name }) => name ? await infoOf(ctx, name) !== undefined : noSet,
    }),
    add: fn({
      doc: "Adds an entry to a set. `Success`, or what is wrong.",
      args: { name, entry, family, kwargs },
      example: "salt '*' ipset.add name 192.168.1.26\n" +
        "salt '*' ipset.add name 192.168.0.3,AA:BB:CC:DD:EE:FF",
      run(ctx, { name, entry, kwargs }) {
        if (!name) return noSet;
        return entry ? add(ctx, name, operand(entry, "an entry"), kwargs) : noEntry;
      },
    }),
    delete: fn({
      doc: "Removes an entry from a set. `Success`, or what is wrong.",
      args: { name, entry, family, kwargs: { type: "map", keywords: true, doc: "" } },
      example: "salt '*' ipset.delete name 192.168.0.3,AA:BB:CC:DD:EE:FF",
      async run(ctx, { name, entry }) {
        if (!name) return noSet;
        if (!entry) return noEntry;
        if (!await infoOf(ctx, name)) return `Error: Set ${name} does not exist`;
        const said = await ipset(ctx, "del", name, operand(entry, "an entry"));
        return said === "" ? "Success" : `Error: ${said}`;
      },
    }),
    check: fn({
      doc: "Whether an entry is in a set: an address, a range, a network, or one with its comment.",
      args: { name, entry: { type: "any", default: null, doc: "The entry, or several." }, family },
      example: `salt '*' ipset.check name '192.168.0.1 comment "Hello"'`,
      run(ctx, { name, entry }) {
        if (!name) return noSet;
        return entry ? check(ctx, name, entry) : noEntry;
      },
    }),
    test: fn({
      doc: "Whether ipset itself finds an entry in a set.",
      args: { name, entry, family, kwargs: { type: "map", keywords: true, doc: "" } },
      example: "salt '*' ipset.test name 192.168.0.2",
      async run(ctx, { name, entry }) {
        if (!name) return noSet;
        if (!entry) return noEntry;
        if (!await infoOf(ctx, name)) return `Error: Set ${name} does not exist`;
        const { retcode } = await runProgram(ctx, [
          "ipset",
          "test",
          name,
          operand(entry, "an entry"),
        ]);
        return retcode === 0;
      },
    }),
    flush: fn({
      doc: "Removes all entries of a set, or of all sets.",
      args: { name, family },
      example: "salt '*' ipset.flush\nsalt '*' ipset.flush set",
      run: async (ctx, { name }) =>
        await ipset(ctx, "flush", ...(name ? [operand(name, "a set")] : [])) === "",
    }),
  },
});
