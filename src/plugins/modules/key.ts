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

/** The module `key`. */
export const key = executionModule({
  name: "key",
  doc: "Fingerprints of the keys that the minion knows.",
  functions: {
    finger: fn({
      doc: "Returns the fingerprint of the minion's public key.",
      args: { hash_type: hashType },
      example: "salt '*' key.finger",
      run: (ctx, args) => finger(ctx, "minion.pub", args.hash_type),
    }),
    finger_master: fn({
      doc: "Returns the fingerprint of the master's public key, as the minion knows it.",
      args: { hash_type: hashType },
      example: "salt '*' key.finger_master",
      run: (ctx, args) => finger(ctx, "minion_master.pub", args.hash_type),
    }),
  },
});
