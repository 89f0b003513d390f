/**
 * The page of targets: each form, its state here, and how many expressions prove it. The proofs are
 * those of `tests/cases/match/table.json`, which holds whom real Salt means by each; the tests of the
 * matchers compare saltx with all of them.
 * @module
 */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { ToolDef } from "../src/cli/definitions/mod.ts";
import { optionsOf } from "../src/cli/parse_args.ts";
import { type Page, table } from "./docs_pages.ts";

const root = resolve(import.meta.dirname ?? ".", "..");

type Row = [type: string, tgt: string | string[], ids: string[], delimiter?: string];

interface Form {
  name: string;
  /** Option of `saltx salt`. */
  flag?: string;
  /** Letter within compound targets. */
  letter?: string;
  example: string;
  /** Rows that prove it; none where `state` says why not. */
  proves?: (row: Row) => boolean;
  /** "works" when absent. */
  state?: string;
}

const ofType = (type: string) => (row: Row) => row[0] === type;

/** A compound with a word of that letter, or a target of that type. */
function ofKind(type: string, letter: string): (row: Row) => boolean {
  const word = new RegExp(`(?:^|[ (])${letter}.?@`);
  return ([kind, tgt]) =>
    kind === type || (kind === "compound" && word.test(Array.isArray(tgt) ? tgt.join(" ") : tgt));
}

const compound = (test: RegExp) => ([kind, tgt]: Row) =>
  kind === "compound" && test.test(Array.isArray(tgt) ? tgt.join(" ") : tgt);

const FORMS: readonly Form[] = [
  { name: "shell glob", example: "'web*'", proves: ofType("glob") },
  form("regular expression on the id", "--pcre", "E", "'web[0-9]+'", "pcre"),
  form("list", "--list", "L", "'web1,db1'", "list"),
  form("grain, glob", "--grain", "G", "'os:Deb*'", "grain"),
  form("grain, regular expression", "--grain-pcre", "P", "'os:(Debian|Ubuntu)'", "grain_pcre"),
  form("pillar, glob", "--pillar", "I", "'role:web*'", "pillar"),
  form("pillar, regular expression", "--pillar-pcre", "J", "'role:web.'", "pillar_pcre"),
  form("address or subnet, IPv4 and IPv6", "--ipcidr", "S", "'10.0.0.0/8'", "ipcidr"),
  form("node group", "--nodegroup", "N", "'group1'", "nodegroup"),
  {
    name: "range cluster",
    flag: "--range",
    letter: "R",
    example: "'%cluster'",
    state: "differs: refused with the reason. It takes a server of its own, which saltx does not " +
      "speak to",
  },
  {
    name: "compound",
    flag: "--compound",
    example: "'G@os:Debian and web*'",
    proves: ofType("compound"),
  },
  { name: "compound: `and`", example: "'web* and G@os:Debian'", proves: compound(/ and /) },
  { name: "compound: `or`", example: "'web* or db*'", proves: compound(/ or /) },
  { name: "compound: `not`", example: "'* and not web*'", proves: compound(/(?:^| )not /) },
  { name: "compound: brackets", example: "'( a* or b* ) and G@os:Arch'", proves: compound(/\( /) },
  {
    name: "own delimiter",
    flag: "--delimiter",
    example: "-G --delimiter='|' 'a|b|c'",
    proves: (row) => row[3] !== undefined,
  },
  {
    name: "own delimiter in a compound",
    example: "'G|@a|b|c'",
    proves: compound(/(?:^|[ (])[GPIJ][^@]@/),
  },
  {
    name: "pillar, exact (of mine, publish and peer calls)",
    example: "tgt_type=pillar_exact",
    proves: ofType("pillar_exact"),
  },
  { name: "Salt resources (3008)", letter: "T", example: "'T@kind:id'", state: "not yet" },
];

function form(name: string, flag: string, letter: string, example: string, type: string): Form {
  return { name, flag, letter, example, proves: ofKind(type, letter) };
}

/** Whether rows can tell a form that works from one that means everybody or nobody. */
function tell(rows: readonly Row[], all: number): boolean {
  return rows.some(([, , ids]) => ids.length > 0) && rows.some(([, , ids]) => ids.length < all);
}

/**
 * The page, for the tool whose options choose the form.
 * @throws Error naming a form without proof, and an option of targets that the page lacks.
 */
export async function targetPage(tool: ToolDef): Promise<Page> {
  const { minions, rows } = JSON.parse(
    await readFile(join(root, "tests/cases/match/table.json"), "utf8"),
  ) as { minions: Record<string, unknown>; rows: Row[] };
  const options = new Map(optionsOf(tool).map((option) => [option.flags.at(-1)!, option]));
  const cells = FORMS.map(({ name, flag, letter, example, proves, state }) => {
    const proofs = proves ? rows.filter(proves) : [];
    if (state === undefined && !tell(proofs, Object.keys(minions).length)) {
      throw new Error(
        `Nothing in tests/cases/match/table.json proves targets of the form "${name}"`,
      );
    }
    const option = flag === undefined ? undefined : options.get(flag);
    if (flag !== undefined && !option) throw new Error(`saltx ${tool.role} lacks ${flag}`);
    const spelled = option ? option.flags.map((one) => `\`${one}\``).join(" ") : "";
    const count = state === undefined ? String(proofs.length) : "";
    return [
      name,
      spelled,
      letter ? `\`${letter}@\`` : "",
      `\`${example}\``,
      state ?? "works",
      count,
    ];
  });
  const named = new Set(FORMS.map(({ flag }) => flag));
  const groups = tool.groups.filter(({ title }) => /Target Options/.test(title));
  for (const option of groups.flatMap((group) => group.options)) {
    if (option.dest !== "list_hosts" && !named.has(option.flags.at(-1))) {
      throw new Error(`${option.flags.at(-1)} is no form of target in scripts/docs_targets.ts`);
    }
  }
  return { path: "docs/ref/targets.md", text: text(cells, rows.length) };
}

function text(cells: string[][], total: number): string {
  return `# Targets

<!-- Written by scripts/gen_docs_cli.ts from scripts/docs_targets.ts; change it there. -->

Whom a command is for. The same code decides on the master, who is expected to answer, from grains
and pillar that it keeps, and on the minion, whether to run. Real Salt was asked whom it means by
${total} expressions; the tests hold saltx to its answers. The last column says how many of these
use the form.

${table(["Form", "Option", "In a compound", "Example", "State", "Checked"], cells)}

Where Salt passes over a word of a compound target that it cannot read, such as \`S@nonsense or web*\`,
saltx refuses the target. \`saltx salt --preview-target\` shows who is expected without sending anything.
`;
}
