/** Random values, and the same ones again for the same seed. (`salt/modules/mod_random.py`) @module */
import { createHash, getHashes, randomBytes, randomInt } from "node:crypto";
import { CommandExecutionError, SaltInvocationError } from "../../errors.ts";
import { executionModule, fn } from "../../loader/types.ts";
import { PyRandom } from "../../text/py_random.ts";
import { pyStr } from "../../text/py_repr.ts";
import { shaCrypt } from "../../text/sha_crypt.ts";
import type { Data } from "../../types/mod.ts";

const classes = {
  lowercase: "abcdefghijklmnopqrstuvwxyz",
  uppercase: "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
  digits: "0123456789",
  punctuation: "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
  whitespace: " \t\n\r\v\f",
} as const;

type Class = keyof typeof classes;

const seed = {
  type: "any",
  doc: "The same seed gives the same result every time.",
} as const;

const wanted = (name: string, yes: boolean) =>
  ({ type: "bool", default: yes, doc: `Whether ${name} may be in it.` }) as const;

function randomText(length: number, chars: string): string {
  const list = [...chars];
  return Array.from({ length }, () => list[randomInt(list.length)]!).join("");
}

function allowed(args: Record<Class | "printable", boolean> & { chars: string | null }): string {
  if (args.printable) return Object.values(classes).join("");
  if (args.chars) return args.chars;
  const names = Object.keys(classes) as Class[];
  const chars = names.filter((name) => args[name]).map((name) => classes[name]).join("");
  if (chars === "") throw new SaltInvocationError("No characters are left to choose from");
  return chars;
}

function hash(value: Data, algorithm: string): string {
  if (!getHashes().includes(algorithm)) {
    throw new CommandExecutionError("You must specify a valid algorithm.");
  }
  return createHash(algorithm).update(pyStr(value)).digest("hex");
}

function seeded(value: Data): PyRandom {
  if (typeof value === "number" && Number.isInteger(value)) return new PyRandom(BigInt(value));
  return new PyRandom(typeof value === "bigint" ? value : pyStr(value));
}

/** A source of numbers for a seed, or one that nobody can foresee. */
function source(value: Data): PyRandom {
  return value === null
    ? new PyRandom(BigInt(`0x${randomBytes(32).toString("hex")}`))
    : seeded(value);
}

function sample(value: Data, size: number, given: Data): Data[] {
  const items: Data[] = typeof value === "string" ? [...value] : Array.isArray(value) ? value : [];
  if (typeof value !== "string" && !Array.isArray(value)) {
    throw new SaltInvocationError("Population must be a sequence.");
  }
  if (size < 0 || size > items.length) {
    throw new SaltInvocationError("Sample larger than population or is negative");
  }
  const random = given === null ? source(null) : new PyRandom(hash(given, "sha512"));
  return random.sample(items, size);
}

function shadowHash(salt: string | null, password: string | null, algorithm: string): string {
  if (algorithm !== "sha512" && algorithm !== "sha256") {
    throw new SaltInvocationError(
      `Algorithm "${algorithm}" is not available: use sha512 or sha256`,
    );
  }
  const letters = classes.lowercase + classes.uppercase + classes.digits;
  const plain = password ?? randomText(20, letters + classes.punctuation);
  const rounds = /^rounds=(\d{1,9})\$(.*)$/.exec(salt ?? "");
  if (!rounds) return shaCrypt(algorithm, plain, salt ?? randomText(16, `${letters}./`));
  const count = Math.min(Math.max(Number(rounds[1]), 1000), 1_000_000);
  return shaCrypt(algorithm, plain, rounds[2]!, count);
}

/** The module `random`. */
export const random = executionModule({
  name: "mod_random",
  virtualname: "random",
  doc: "Random values, and the same ones again for the same seed.",
  functions: {
    get_str: fn({
      doc: "Returns a text of random characters, fit for a password.",
      args: {
        length: { type: "int", default: 20, doc: "How many characters." },
        chars: { type: "string", doc: "Which characters; the other arguments then do not count." },
        lowercase: wanted("small letters", true),
        uppercase: wanted("capital letters", true),
        digits: wanted("digits", true),
        punctuation: wanted("punctuation", true),
        whitespace: wanted("white space", false),
        printable: wanted("anything that can be printed", false),
      },
      example: "salt '*' random.get_str 128\nsalt '*' random.get_str 24 chars='aeiou'",
      run(_ctx, args) {
        if (args.length > 1_000_000) throw new SaltInvocationError("The text would be too long");
        return randomText(Math.max(args.length, 0), allowed(args));
      },
    }),
    rand_int: fn({
      doc: "Returns a whole number between two others, which may be it too.",
      args: {
        start: { type: "int", default: 1, doc: "The least." },
        end: { type: "int", default: 10, doc: "The greatest." },
        seed,
      },
      example: "salt '*' random.rand_int 1 10",
      run(_ctx, args) {
        if (args.end < args.start) throw new SaltInvocationError("The end is before the start");
        return Number(source(args.seed).between(BigInt(args.start), BigInt(args.end)));
      },
    }),
    seed: fn({
      doc: "Returns a number that stays the same for this minion.",
      args: {
        range: { type: "int", default: 10, doc: "It is from 0 to below this." },
        hash: { type: "any", doc: "What it depends on; the minion's id when left out." },
      },
      example: "salt '*' random.seed 10 hash=None",
      run(ctx, args) {
        if (args.range < 1) throw new SaltInvocationError("The range must be 1 or more");
        return Number(seeded(args.hash ?? ctx.grains["id"] ?? ctx.id).below(BigInt(args.range)));
      },
    }),
    sample: fn({
      doc: "Returns some items of a list, each at most once.",
      args: {
        value: { type: "any", required: true, doc: "The list." },
        size: { type: "int", required: true, doc: "How many." },
        seed,
      },
      example: 'salt \'*\' random.sample \'["one", "two"]\' 1 seed="something"',
      run: (_ctx, args) => sample(args.value, args.size, args.seed),
    }),
    shuffle: fn({
      doc: "Returns the items of a list in random order.",
      args: { value: { type: "any", required: true, doc: "The list." }, seed },
      example: 'salt \'*\' random.shuffle \'["one", "two"]\' seed="something"',
      run: (_ctx, args) => {
        const length = Array.isArray(args.value)
          ? args.value.length
          : [...pyStr(args.value)].length;
        return sample(args.value, length, args.seed);
      },
    }),
    hash: fn({
      doc: "Returns the hash of a text, in hex.",
      args: {
        value: { type: "any", required: true, doc: "The text." },
        algorithm: { type: "string", default: "sha512", doc: "Name of the hash." },
      },
      example: "salt '*' random.hash 'I am a string' md5",
      run: (_ctx, args) => hash(args.value, args.algorithm),
    }),
    str_encode: fn({
      doc: "Returns a text in Base64.",
      args: {
        value: { type: "any", required: true, doc: "The text." },
        encoder: { type: "string", default: "base64", doc: "Only `base64`." },
      },
      example: "salt '*' random.str_encode 'I am a new string' base64",
      run(_ctx, args) {
        if (args.encoder !== "base64") {
          throw new SaltInvocationError("You must specify a valid encoder");
        }
        if (typeof args.value !== "string") {
          throw new SaltInvocationError("Value must be an encode-able string");
        }
        return Buffer.from(args.value).toString("base64");
      },
    }),
    shadow_hash: fn({
      doc: "Returns the hash of a password as `/etc/shadow` has it.",
      args: {
        crypt_salt: {
          type: "string",
          doc: "The salt, `rounds=N$` in front if wished; random when left out.",
        },
        password: { type: "string", doc: "The password; random when left out." },
        algorithm: { type: "string", default: "sha512", doc: "`sha512` or `sha256`." },
      },
      example: "salt '*' random.shadow_hash 'My5alT' 'MyP@asswd' sha512",
      run: (_ctx, args) => shadowHash(args.crypt_salt, args.password, args.algorithm),
    }),
  },
});
