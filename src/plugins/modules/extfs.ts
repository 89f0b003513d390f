/** File systems ext2, ext3 and ext4. (`salt/modules/extfs.py`) @module */
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { pyStr } from "../../text/py_repr.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import { operand, runProgram } from "./_program.ts";

const makeOptions: Readonly<Record<string, string>> = {
  ...{ block_size: "b", check: "c", direct: "D", ext_opts: "E", fragment_size: "f", force: "F" },
  ...{ blocks_per_group: "g", number_of_groups: "G", bytes_per_inode: "i", inode_size: "I" },
  ...{ journal: "j", journal_opts: "J", blocks_file: "l", label: "L", reserved: "m" },
  ...{ last_dir: "M", test: "n", number_of_inodes: "N", creator_os: "o", opts: "O" },
  ...{ revision: "r", super: "S", usage_type: "T", uuid: "U" },
};
const tuneOptions: Readonly<Record<string, string>> = {
  ...{ max: "c", count: "C", error: "e", extended_opts: "E", force: "f", group: "g" },
  ...{ interval: "i", journal: "j", journal_opts: "J", label: "L", last_dir: "M", opts: "o" },
  ...{ feature: "O", mmp_check: "p", reserved: "r", quota_opts: "Q", time: "T", user: "u" },
  uuid: "U",
};

/** Options that mke2fs and tune2fs take no value for. */
const alone = new Set(["check", "direct", "force", "journal", "super", "test"]);

/** Words of progress that mke2fs prints; what counts is left. */
const progress = new RegExp(
  "^(mke2fs|Discarding device blocks|Allocating group tables|Writing inode tables|Creating journal" +
    "|Writing superblocks)",
);

function words(known: Readonly<Record<string, string>>, kwargs: DataMap): string[] {
  return Object.entries(kwargs).flatMap(([key, value]) => {
    const letter = known[key];
    if (letter === undefined) return [];
    const text = pyStr(value);
    if (alone.has(key) && (text === "True" || text === "False")) {
      return text === "True" ? [`-${letter}`] : [];
    }
    return [`-${letter}`, operand(value, `the value of ${key}`)];
  });
}

/** What Salt's `cmd.run` returns: both streams, in lines. */
async function lines(ctx: ExecContext, argv: string[]): Promise<string[]> {
  const { stdout, stderr } = await runProgram(ctx, argv);
  const text = [stdout, stderr].filter(Boolean).join("\n");
  return text === "" ? [] : text.split("\n");
}

/** Reads `dumpe2fs`: what the file system says of itself, then its groups of blocks. */
export function parseDump(text: string): { attributes: DataMap; blocks: DataMap } {
  const attributes: DataMap = {};
  const blocks: DataMap = {};
  let group: DataMap | undefined;
  for (const given of text.split("\n")) {
    const line = given.replaceAll("\t", " ");
    if (line === "" || line.startsWith("dumpe2fs")) continue;
    const [head = "", value] = line.split(": ");
    if (/^Group \d/.test(line)) {
      const parts = line.replaceAll(/[:()[\]]/g, "").split(/\s+/);
      group = { group: parts[1]!, range: parts[3] ?? "", extra: [] };
      blocks[`Group ${parts[1]}`] = group;
    } else if (group) addToGroup(group, line);
    else if (value !== undefined) {
      attributes[head] = head === "Filesystem features" ? value.trim().split(/\s+/) : value.trim();
    }
  }
  return { attributes, blocks };
}

function addToGroup(group: DataMap, line: string): void {
  const [, kind, list] = /Free (blocks|inodes): (.*)/.exec(line) ?? [];
  if (kind !== undefined) group[`free ${kind}`] = list!.split(", ");
  else (group["extra"] as Data[]).push(line.trim());
}

async function dump(ctx: ExecContext, device: string, args: string | null) {
  const letters = args ? [operand(args, "letters of dumpe2fs")].map((some) => `-${some}`) : [];
  const { stdout } = await runProgram(ctx, ["dumpe2fs", operand(device, "a device"), ...letters]);
  return parseDump(stdout);
}

const device = { type: "string", required: true, doc: "The device, or a file." } as const;
const letters = {
  type: "string",
  default: null,
  doc: "Letters of options of dumpe2fs, such as `h`.",
} as const;
const optionsDoc = (known: Readonly<Record<string, string>>, program: string) => ({
  type: "map",
  keywords: true,
  doc: `Options of ${program}: ${
    Object.entries(known).map(([name, letter]) => `\`${name}\` (-${letter})`).join(", ")
  }.`,
} as const);

/** The module `extfs`. */
export const extfs = executionModule({
  name: "extfs",
  doc: "File systems ext2, ext3 and ext4.",
  functions: {
    mkfs: fn({
      doc: "Makes a file system. Returns what mke2fs says of it.",
      args: {
        device,
        fs_type: { type: "string", required: true, doc: "`ext2`, `ext3` or `ext4`." },
        kwargs: optionsDoc(makeOptions, "mke2fs"),
      },
      example: "salt '*' extfs.mkfs /dev/sda1 fs_type=ext4 opts='acl,noexec'",
      async run(ctx, { device, fs_type, kwargs }) {
        const argv = ["mke2fs", "-F", "-t", operand(fs_type, "a kind of file system")];
        argv.push(...words(makeOptions, kwargs), operand(device, "a device"));
        return (await lines(ctx, argv)).filter((line) => line !== "" && !progress.test(line));
      },
    }),
    tune: fn({
      doc: "Changes a file system. Returns what tune2fs says.",
      args: { device, kwargs: optionsDoc(tuneOptions, "tune2fs") },
      example: "salt '*' extfs.tune /dev/sda1 force=True label=wildstallyns opts='acl,noexec'",
      run: (ctx, { device, kwargs }) =>
        lines(ctx, ["tune2fs", ...words(tuneOptions, kwargs), operand(device, "a device")]),
    }),
    attributes: fn({
      doc: "Returns what a file system says of itself.",
      args: { device, args: letters },
      example: "salt '*' extfs.attributes /dev/sda1",
      run: async (ctx, { device, args }) => (await dump(ctx, device, args)).attributes,
    }),
    blocks: fn({
      doc: "Returns the groups of blocks of a file system.",
      args: { device, args: letters },
      example: "salt '*' extfs.blocks /dev/sda1",
      run: async (ctx, { device, args }) => (await dump(ctx, device, args)).blocks,
    }),
    dump: fn({
      doc: "Returns all that dumpe2fs says, as `attributes` and `blocks`.",
      args: { device, args: letters },
      example: "salt '*' extfs.dump /dev/sda1",
      run: async (ctx, { device, args }) => ({ ...await dump(ctx, device, args) }),
    }),
  },
});
