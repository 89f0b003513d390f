/** The words of a rule. (`salt/modules/iptables.py:build_rule`) @module */
import { pyStr } from "../../../text/py_repr.ts";
import type { Data } from "../../../types/mod.ts";

/** Options that belong to the target, and so stand behind `--jump`. */
const afterJump = [
  "j jump add-set and-mark and-tos checksum-fill clamp-mss-to-pmtu clustermac ctevents ctmask",
  "del-set ecn-tcp-remove exist expevents gateway hash-init hashmode helper label local-node",
  "log-ip-options log-level log-prefix log-tcp-options log-tcp-sequence log-uid map-set mask",
  "mss new nfmask nflog-group nflog-prefix nflog-range nflog-threshold nodst notrack on-ip",
  "on-port or-mark or-tos persistent queue-balance queue-bypass queue-num random random-fully",
  "rateest-ewmalog rateest-interval rateest-name reject-with restore restore-mark sack-perm",
  "save-mark selctx set-class set-dscp set-dscp-class set-mark set-mss set-tos set-xmark",
  "strip-options timeout timestamp to to-destination to-ports to-source total-nodes",
  "tproxy-mark ttl-dec ttl-inc ttl-set type ulog-cprange ulog-nlgroup ulog-prefix",
  "ulog-qthreshold wscale xor-mark xor-tos zone zone-orig zone-reply dst-pfx hl-dec hl-inc",
  "hl-set hmark-dport-mask hmark-dst-prefix hmark-mod hmark-offset hmark-proto-mask hmark-rnd",
  "hmark-spi-mask hmark-sport-mask hmark-src-prefix hmark-tuple led-always-blink led-delay",
  "led-trigger-id queue-cpu-fanout src-pfx to-port addr and-mask delude honeypot or-mask",
  "prefix reset reuse set-mac shift static tarpit tname ttl",
].join(" ").split(" ");

/** What states pass along that is no part of a rule. */
export const notForRules: ReadonlySet<string> = new Set([
  ..."name state chain save table fun order saltenv parallel retry reload_modules".split(" "),
  ..."reload_grains reload_pillar runas runas_password fire_event listen listen_in".split(" "),
  ..."onfail onfail_any onfail_all onfail_in onfail_stop onchanges onchanges_any".split(" "),
  ..."onchanges_in require require_any require_in watch watch_any watch_in prereq".split(" "),
  ..."prereq_in prerequired use use_in unless onlyif creates failhard check_cmd".split(" "),
  ..."cmd_opts_exclude umask __umask__ __id__ __sls__ __env__ __prereq__".split(" "),
  ..."__prerequired__ __orchestration_jid__ __pub_user __pub_arg __pub_jid".split(" "),
  ..."__pub_fun __pub_tgt __pub_tgt_type __pub_ret __pub_pid".split(" "),
]);

const negation = /(!|not)\s?/g;

/** Keyword arguments of a rule, taken one by one. */
class RuleWords {
  readonly words: string[] = [];
  readonly #left: Map<string, Data>;

  constructor(given: Record<string, Data>) {
    this.#left = new Map(Object.entries(given).filter(([key]) => !notForRules.has(key)));
    const target = this.take("target");
    if (target !== undefined) this.#left.set("jump", target);
  }

  take(key: string): Data | undefined {
    const value = this.#left.get(key);
    this.#left.delete(key);
    return value;
  }

  peek(key: string): Data | undefined {
    return this.#left.get(key);
  }

  set(key: string, value: Data): void {
    this.#left.set(key, value);
  }

  /** Adds `option value`, with `! ` in front where the value asks for it. */
  add(key: string, option: string): boolean {
    const value = this.take(key);
    if (value === undefined) return false;
    const { not, text } = negated(value);
    this.words.push(`${not}${option} ${text}`);
    return true;
  }

  once(word: string): void {
    if (!this.words.includes(word)) this.words.push(word);
  }

  rest(): [string, Data][] {
    const entries = [...this.#left];
    this.#left.clear();
    return entries;
  }
}

function negated(value: Data): { not: string; text: string } {
  const text = pyStr(value);
  if (!/^(!|not)/.test(text)) return { not: "", text };
  return { not: "! ", text: text.replace(negation, "") };
}

function addMatches(rule: RuleWords): void {
  const given = rule.peek("match");
  if (given === undefined) return;
  for (const match of Array.isArray(given) ? given.map(pyStr) : pyStr(given).split(",")) {
    rule.words.push(`-m ${match}`);
    if (!["pknock", "quota2", "recent"].includes(match.trim())) continue;
    const name = rule.take("name_");
    if (name !== undefined) rule.words.push(`--name ${pyStr(name)}`);
  }
  if (given === "policy") rule.add("proto", "--proto");
  rule.take("match");
}

function addSets(rule: RuleWords): void {
  const given = rule.take("match-set");
  if (given === undefined) return;
  for (const one of Array.isArray(given) ? given : [given]) {
    const { not, text } = negated(one);
    rule.words.push(`-m set ${not}--match-set ${text}`);
  }
}

/** Adds lists of ports. False when no protocol is given. */
function addPorts(rule: RuleWords, hasProtocol: boolean): boolean {
  for (const key of ["dports", "sports"]) {
    const given = rule.take(key);
    if (given === undefined) continue;
    if (!rule.words.includes("-m multiport")) {
      rule.words.push("-m multiport");
      if (!hasProtocol) return false;
    }
    const parts = (Array.isArray(given) ? given : [given]).map(negated);
    if (parts.some(({ not }) => not !== "")) rule.words.push("!");
    rule.words.push(`--${key} ${parts.map(({ text }) => text).join(",")}`);
  }
  return true;
}

function takeAfterJump(rule: RuleWords): string[] {
  const words: string[] = [];
  for (const key of afterJump) {
    const value = rule.take(key);
    if (value === undefined) continue;
    const text = value === null ? "" : pyStr(value);
    if (text === "") words.push(`--${key}`);
    else words.push(/[ \t\n\r\v\f]/.test(text) ? `--${key} "${text}"` : `--${key} ${text}`);
  }
  return words;
}

/** The rule that keyword arguments describe, as text; or what is missing, which begins with `Error:`. */
export function buildRule(given: Record<string, Data>): string {
  const rule = new RuleWords(given);
  rule.add("if", "-i");
  rule.add("of", "-o");
  if (rule.peek("match") !== "policy") {
    const proto = rule.take("proto");
    if (proto !== undefined) rule.set("protocol", proto);
  }
  const hasProtocol = rule.add("protocol", "-p");
  addMatches(rule);
  addSets(rule);
  if (rule.peek("connstate") !== undefined) {
    rule.once("-m state");
    rule.add("connstate", "--state");
  }
  rule.add("dport", "--dport");
  rule.add("sport", "--sport");
  if (!addPorts(rule, hasProtocol)) return "Error: protocol must be specified";
  const comment = rule.take("comment");
  if (comment !== undefined) {
    rule.once("-m comment");
    rule.words.push(`--comment "${pyStr(comment)}"`);
  }
  if (rule.peek("set")) rule.add("set", "--match-set");
  const behind = takeAfterJump(rule);
  for (const [key, value] of rule.rest()) {
    const { not, text } = negated(value === null ? "" : value);
    const dashes = key.length === 1 ? "-" : "--";
    rule.words.push(`${not}${dashes}${key}${text === "" ? "" : ` ${text}`}`);
  }
  return [...rule.words, ...behind].join(" ");
}
