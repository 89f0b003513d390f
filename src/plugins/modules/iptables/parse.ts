/** What `iptables-save` prints, or a file of the same form. (`salt/modules/iptables.py:_parse_conf`) @module */
import { shlexSplit } from "../../../text/shlex.ts";
import { setKey } from "../../../text/set_key.ts";
import type { DataMap } from "../../../types/mod.ts";

/** Long names of the short options, and names that Salt gives others. */
const longNames: Readonly<Record<string, string>> = {
  A: "append",
  p: "protocol",
  s: "source",
  d: "destination",
  j: "jump",
  g: "goto",
  i: "in-interface",
  o: "out-interface",
  f: "fragment",
  c: "set-counters",
  m: "match",
  sport: "source_port",
  "source-port": "source_port",
  dport: "destination_port",
  "destination-port": "destination_port",
  sports: "source-ports",
  dports: "destination-ports",
  "src-cc": "source-country",
  "dst-cc": "destination-country",
};

/** A chain: counters are text. */
export interface Chain extends DataMap {
  policy: string;
  "packet count": string;
  "byte count": string;
  rules: DataMap[];
  rules_comment: DataMap;
}

/** Chains by table and name. */
export type Tables = Record<string, Record<string, Chain>>;

/** A rule's options with their values; one without a value has an empty text. */
export function parseRule(line: string): Record<string, string[]> {
  const options = new Map<string, string[]>();
  let negated = false;
  let current: string[] | undefined;
  for (const word of shlexSplit(line)) {
    if (word === "!") negated = true;
    else if (/^-{1,2}[A-Za-z]/.test(word)) {
      const short = word.replace(/^-+/, "");
      const name = Object.hasOwn(longNames, short) ? longNames[short]! : short;
      current = options.get(name) ?? [];
      current.push(negated ? "!" : "");
      options.set(name, current);
      negated = false;
    } else if (current) {
      const last = current.length - 1;
      const value = negated ? `! ${word}` : word;
      current[last] = current[last] === "" ? value : `${current[last]} ${value}`;
      negated = false;
    }
  }
  return Object.fromEntries(options);
}

function addRule(tables: Tables, table: string, line: string): void {
  const { append, ...rule } = parseRule(line);
  const chain = tables[table]?.[append?.[0] ?? ""];
  if (!chain) return;
  const comment = rule["comment"]?.[0];
  if (comment !== undefined) setKey(chain.rules_comment, comment.replace(/^"+|"+$/g, ""), rule);
  chain.rules.push(rule);
}

/** All tables with their chains and rules. */
export function parseRules(text: string): Tables {
  const tables: Tables = {};
  let table = "";
  for (const line of text.split("\n")) {
    if (line.startsWith("*")) {
      table = line.slice(1).trim();
      tables[table] = {};
    } else if (line.startsWith(":")) {
      const [name = "", policy = "", counters = "[0:0]"] = line.slice(1).split(/\s+/);
      const [packets = "0", bytes = "0"] = counters.replace(/[[\]]/g, "").split(":");
      const chains = tables[table] ??= {};
      chains[name] = {
        policy,
        "packet count": packets,
        "byte count": bytes,
        rules: [],
        rules_comment: {},
      };
    } else if (line.startsWith("-A")) addRule(tables, table, line);
  }
  return tables;
}
