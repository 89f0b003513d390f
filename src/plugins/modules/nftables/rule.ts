/** Rules of nftables from keyword arguments. (`salt/modules/nftables.py:build_rule`) @module */
import { SaltInvocationError } from "../../../errors.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import { notForRules } from "../iptables/rule.ts";

const families: Readonly<Record<string, string>> = {
  ...{ ipv4: "ip", ip4: "ip", ip: "ip", ipv6: "ip6", ip6: "ip6" },
  ...{ inet: "inet", arp: "arp", bridge: "bridge", netdev: "netdev" },
};

/** Families of nft itself. */
export const nftFamilies: readonly string[] = [...new Set(Object.values(families))];

/** What nft calls a family. @throws SaltInvocationError when there is none of that name. */
export function familyOf(name: string): string {
  const family = Object.hasOwn(families, name) ? families[name] : undefined;
  if (family !== undefined) return family;
  throw new SaltInvocationError(
    `family "${name}" is none of ${Object.keys(families).join(", ")}`,
  );
}

/** Where and how a rule is put. */
export interface RulePlace {
  table: string | null;
  chain: string | null;
  command: string | null;
  position: string;
  full: boolean;
  family: string;
}

function result(comment: string, rule: string, good: boolean): DataMap {
  return { comment, rule, result: good };
}

/** Ports from high to low, as nft lists them. @throws SaltInvocationError */
function sortedPorts(value: Data): string {
  const ports = pyStr(value).split(",").map((port) => Number(port.trim()));
  if (ports.some((port) => !Number.isInteger(port))) {
    throw new SaltInvocationError(`"${pyStr(value)}" is no list of ports`);
  }
  return ports.sort((a, b) => b - a).join(", ");
}

/** The words of a rule: what it matches, then what becomes of it. */
function ruleText(given: ReadonlyMap<string, Data>, family: string): string {
  const text = (key: string) => pyStr(given.get(key)!);
  const first = (...keys: string[]) => keys.find((key) => given.has(key));
  const proto = given.has("proto") ? `${text("proto")} ` : " ";
  const parts: string[] = [];
  const put = (key: string | undefined, shown: (value: string) => string) => {
    if (key !== undefined && given.has(key)) parts.push(shown(text(key)));
  };
  put("if", (value) => `meta iifname ${value}`);
  put("of", (value) => `meta oifname ${value}`);
  put("connstate", (value) => `ct state { ${value} }`);
  put("icmp-type", (value) => `icmp type { ${value} }`);
  put("pkttype", (value) => `meta pkttype { ${value} }`);
  put("counter", () => "counter");
  put(first("saddr", "source"), (value) => `${family} saddr ${value}`);
  put(first("daddr", "destination"), (value) => `${family} daddr ${value}`);
  for (const key of ["dport", "sport"]) {
    put(key, (value) => `${proto}${key} { ${value.replaceAll(":", "-")} }`);
  }
  for (const key of ["dports", "sports"]) {
    put(key, (value) => `${proto}${key.slice(0, -1)} { ${sortedPorts(value)} }`);
  }
  put(first("target", "jump"), String);
  put("j", String);
  put(first("redirect-to", "to-port"), (value) => `redirect to ${value}`);
  put("to-ports", (value) => `--to-ports ${value}`);
  put("to-source", String);
  put("to-destination", String);
  put("reject-with", (value) => `reject with ${value}`);
  return parts.join(" ").trim();
}

/** The rule that keyword arguments describe, or with `full` the command that puts it. */
export function buildRule(place: RulePlace, kwargs: DataMap): DataMap {
  const family = familyOf(place.family);
  const given = new Map(Object.entries(kwargs).filter(([key]) => !notForRules.has(key)));
  const rule = ruleText(given, family);
  const done = (text: string) => result(text === "" ? "" : "Successfully built rule", text, true);
  if (!place.full) return done(rule);
  const { table, chain, command, position } = place;
  for (const [value, name] of [[table, "Table"], [chain, "Chain"], [command, "Command"]] as const) {
    if (!value) return result(`${name} needs to be specified`, rule, false);
  }
  const insert = command!.toLowerCase() === "insert";
  const at = insert && position ? ` position ${position}` : "";
  const verb = insert ? "insert" : command;
  return done(`nft ${verb} rule ${family} ${table} ${chain}${at} ${rule}`);
}
