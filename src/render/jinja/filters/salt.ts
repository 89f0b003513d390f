/** Salt's filters of texts, sums, times and addresses. (`salt/utils`, `@jinja_filter`) @module */
import { posix } from "node:path";
import { createHash, createHmac, randomBytes } from "node:crypto";
import { shlexQuote } from "../../../text/shlex.ts";
import { globMatch } from "../../../text/glob.ts";
import { compilePattern } from "../../../text/pcre/mod.ts";
import type { Arguments } from "../arguments.ts";
import { fail } from "../errors.ts";
import { compact, index } from "../numbers.ts";
import type { Filters } from "../runtime.ts";
import { strftime, timeOf } from "../strftime.ts";
import { getAttr } from "../operators.ts";
import { equal, listOf, PyObject, str, truthy, typeName, Undefined, type Value } from "../value.ts";
import { filter, parseInteger } from "./text.ts";

function bytesOf(value: Value): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === "string") return new Uint8Array(new TextEncoder().encode(value));
  return fail(`expected str, bytes, or bytearray not <class '${typeName(value)}'>`);
}

function textOrBytes(bytes: Uint8Array): Value {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return new Uint8Array(bytes);
  }
}

const digest = (type: string) =>
  filter([], (value) => createHash(type).update(bytesOf(value)).digest("hex"));

function humanToBytes(value: Value, args: Arguments): Value {
  const found = /^([0-9.]*)\s*([\s\S]*)$/.exec(str(value).trim())!;
  const unit = (found[2] || str(args.or("default_unit", "B"))).toLowerCase();
  const number = found[1] === "" || !/^(\d+\.?\d*|\.\d+)$/.test(found[1]!)
    ? null
    : Number(found[1]);
  if (number === null) return 0;
  let decimal = false;
  if (/^[kmgtpezy]b$/.test(unit)) decimal = truthy(args.or("handle_metric", false));
  else if (!/^(b|[kmgtpezy](ib)?)$/.test(unit)) return 0;
  const power = "bkmgtpezy".indexOf(unit[0]!);
  return compact(BigInt(Math.trunc(number * (decimal ? 10 ** (power * 3) : 2 ** (power * 10)))));
}

function matchesOne(value: Value, list: Value): boolean {
  const items = typeof list === "string" ? [list] : listOf(list);
  return typeof value === "string" && items.map(str).some((one) => fits(value, one));
}

function fits(value: string, one: string): boolean {
  return one === value || globMatch(one, value) || compilePattern(one).fullmatch(value) !== null;
}

function whitelisted(value: Value, args: Arguments): boolean {
  const [white, black] = [args.or("whitelist", null), args.or("blacklist", null)];
  if (truthy(black) && matchesOne(value, black)) return false;
  return !truthy(white) || matchesOne(value, white);
}

function camelCase(text: string, upper: boolean): string {
  const joined = text.split("_").map((part, at) => {
    if (at === 0 && !upper) return part;
    const [first = "", ...rest] = part;
    return first.toUpperCase() + rest.join("");
  });
  return joined.join("");
}

/** The name-based UUID of a text, in Salt's own name space. */
function uuidOf(text: string): string {
  const space = Buffer.from("91633ebf1c865e33935a28061f4b480e", "hex");
  const hash = createHash("sha1").update(space).update(text).digest().subarray(0, 16);
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  return hash.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

const time = filter(
  ["format"],
  (value, args) => strftime(timeOf(value), str(args.or("format", "%Y-%m-%d"))),
);
const randomHash = filter(
  ["hash_type"],
  (_value, args) =>
    createHash(str(truthy(args.or("hash_type", null)) ? args.get("hash_type") : "md5"))
      .update(randomBytes(32)).digest("hex"),
);

/** The filters. */
export const saltFilters: Filters = {
  quote: filter([], (value) => shlexQuote(str(value))),
  uuid: filter([], (value) => uuidOf(str(value))),
  md5: digest("md5"),
  sha1: digest("sha1"),
  sha256: digest("sha256"),
  sha512: digest("sha512"),
  hmac: filter(["shared_secret", "challenge_hmac"], (value, args) =>
    equal(
      createHmac("sha256", bytesOf(args.get("shared_secret"))).update(bytesOf(value)).digest(
        "base64",
      ),
      args.get("challenge_hmac"),
    )),
  hmac_compute: filter(
    ["shared_secret"],
    (value, args) =>
      createHmac("sha256", bytesOf(args.get("shared_secret"))).update(bytesOf(value)).digest("hex"),
  ),
  base64_encode: filter([], (value) => Buffer.from(bytesOf(value)).toString("base64")),
  base64_decode: filter(
    [],
    (value) => textOrBytes(Buffer.from(Buffer.from(bytesOf(value)).toString(), "base64")),
  ),
  to_bytes: filter(["encoding", "errors"], bytesOf),
  random_str: filter([], (value) => {
    const size = Math.min(1 << 20, index(value));
    return randomBytes(size).toString("base64").slice(0, size);
  }),
  rand_str: randomHash,
  random_hash: randomHash,
  is_hex: filter([], (value) => typeof value === "string" && parseInteger(value, 16) !== null),
  contains_whitespace: filter([], (value) => /\s/.test(str(value))),
  human_to_bytes: filter(["default_unit", "handle_metric"], humanToBytes),
  check_whitelist_blacklist: filter(["whitelist", "blacklist"], whitelisted),
  to_snake_case: filter(
    [],
    (value) =>
      str(value).replace(/([^_])([A-Z][a-z]+)/g, "$1_$2").replace(/([a-z0-9])([A-Z])/g, "$1_$2")
        .toLowerCase(),
  ),
  to_camelcase: filter(
    ["uppercamel"],
    (value, args) => camelCase(str(value), truthy(args.or("uppercamel", false))),
  ),
  strftime: time,
  date_format: time,
  path_join: filter(
    null,
    (value, _args, _context, { args }) =>
      posix.normalize([value, ...args].map(str).join("/")).replace(/(.)\/$/, "$1"),
  ),
  method_call: filter(null, (value, _args, context, { args, kwargs }) => {
    if (value instanceof Undefined) value.use();
    const [name, ...rest] = args;
    const method = getAttr(value, str(name ?? null), context.strict);
    return method instanceof PyObject ? context.call(method, rest, kwargs) : null;
  }),
};
