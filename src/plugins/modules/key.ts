/** Fingerprints of the keys that the minion knows. (`salt/modules/key.py`) @module */
import { join } from "node:path";
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";

const hashType = {
  type: "string",
  default: null,
  doc: "Hash algorithm; the option `hash_type` when left out.",
} as const;

async function finger(ctx: ExecContext, file: string, algorithm: string | null): Promise<string> {
  const { pemFingerOfFile } = await import("../../crypt/finger.ts");
  return pemFingerOfFile(join(ctx.opts.pki_dir, file), algorithm ?? ctx.opts.hash_type);
}

/** Of the keys that this minion shows to its master: RAET's where it speaks that. */
async function ownFinger(ctx: ExecContext, algorithm: string | null): Promise<string> {
  if (ctx.opts["transport"] !== "raet") return await finger(ctx, "minion.pub", algorithm);
  const { loadRaetKeys, raetFinger } = await import("../../key/raet_keys.ts");
  return raetFinger(loadRaetKeys(ctx.opts.pki_dir), algorithm ?? ctx.opts.hash_type);
}

/** The module `key`. */
export const key = executionModule({
  name: "key",
  doc: "Fingerprints of the keys that the minion knows.",
  functions: {
    finger: fn({
      doc: "Returns the fingerprint of the minion's public key; over RAET, of its RAET keys.",
      args: { hash_type: hashType },
      example: "salt '*' key.finger",
      run: (ctx, args) => ownFinger(ctx, args.hash_type),
    }),
    finger_master: fn({
      doc: "Returns the fingerprint of the master's public key, as the minion knows it.",
      args: { hash_type: hashType },
      example: "salt '*' key.finger_master",
      run: (ctx, args) => finger(ctx, "minion_master.pub", args.hash_type),
    }),
  },
});
