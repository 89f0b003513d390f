/** Functions of `test` that compute. @module */
import { createHash, getHashes, randomBytes } from "node:crypto";
import { SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { type Data, Float } from "../../../types/mod.ts";
import { integer } from "./integer.ts";

function compact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function secondsSince(start: number): Data {
  const seconds = (performance.now() - start) / 1000;
  return Number.isInteger(seconds) ? new Float(seconds) : seconds;
}

/** Most that `collatz` and `fib` are asked to hold in memory. */
const maxSteps = 1_000_000;

function fibonacci(n: bigint): bigint {
  let [previous, current] = [0n, 1n];
  if (n < 2n) return n;
  for (let i = 1n; i < n; i++) [previous, current] = [current, previous + current];
  return current;
}

function collatz(start: bigint): Data[] {
  const steps: Data[] = [];
  let value = start;
  // Python divides to a float, and stays with floats from there on.
  let halved = false;
  while (value !== 1n) {
    if (steps.length >= maxSteps) throw new SaltInvocationError("The sequence is too long");
    steps.push(halved ? new Float(Number(value)) : compact(value));
    if (value % 2n === 0n) {
      value /= 2n;
      halved = true;
    } else value = value * 3n + 1n;
  }
  return steps;
}

function randomHash(ctx: ExecContext, size: number, hashType: string | null): string {
  const name = hashType || String(ctx.opts["hash_type"] ?? "sha256");
  if (!getHashes().includes(name)) {
    throw new SaltInvocationError(`Unsupported hash type: '${name}'`);
  }
  const number = BigInt(`0x${randomBytes(16).toString("hex")}`) % (BigInt(Math.trunc(size)) + 1n);
  return createHash(name).update(String(number)).digest("hex");
}

const size = { type: "int", default: 9999999999, doc: "Largest number that is hashed." } as const;
const hashType = { type: "string", doc: "Name of the hash; `hash_type` when left out." } as const;

/** Sequences and random values. */
export const numberFunctions = {
  fib: fn({
    doc: "Returns a Fibonacci number and how long it took.",
    args: { num: { type: "any", required: true, doc: "Which one." } },
    example: "salt '*' test.fib 3",
    blocking: true,
    run(_ctx, { num }) {
      const n = integer(num);
      if (n < 0n) throw new SaltInvocationError("Negative number is not allowed!");
      if (n > BigInt(maxSteps)) throw new SaltInvocationError(`At most ${maxSteps} is allowed`);
      const begin = performance.now();
      return [compact(fibonacci(n)), secondsSince(begin)];
    },
  }),
  collatz: fn({
    doc: "Returns the Collatz sequence from a number down to 1, and how long it took.",
    args: { start: { type: "any", required: true, doc: "Where to start, 1 or more." } },
    example: "salt '*' test.collatz 3",
    blocking: true,
    run(_ctx, { start }) {
      const first = integer(start);
      if (first < 1n) throw new SaltInvocationError("The number must be 1 or more");
      const begin = performance.now();
      return [collatz(first), secondsSince(begin)];
    },
  }),
  rand_str: fn({
    doc: "Returns the hash of a random number.",
    args: { size, hash_type: hashType },
    example: "salt '*' test.rand_str",
    run: (ctx, args) => randomHash(ctx, args.size, args.hash_type),
  }),
  random_hash: fn({
    doc: "Returns the hash of a random number.",
    args: { size, hash_type: hashType },
    example: "salt '*' test.random_hash\nsalt '*' test.random_hash hash_type=sha512",
    run: (ctx, args) => randomHash(ctx, args.size, args.hash_type),
  }),
};
