/** Signing, checking, encrypting and decrypting. (`salt/modules/gpg.py`) @module */
import { SaltInvocationError } from "../../../errors.ts";
import { atomicWrite } from "../../../fs/mod.ts";
import type { ExecContext } from "../../../loader/types.ts";
import { pyStr, pyTruthy } from "../../../text/py_repr.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import { gpg, type GpgResult, keyName, type Keyring, passphraseFor } from "./run.ts";
import { givenData, readGiven } from "./change.ts";

/** What is worked on. */
export interface Message {
  text: string | null;
  filename: string | null;
}

const trustLevels: Readonly<Record<string, string>> = {
  TRUST_UNDEFINED: "Undefined",
  TRUST_NEVER: "Never",
  TRUST_MARGINAL: "Marginal",
  TRUST_FULLY: "Fully",
  TRUST_ULTIMATE: "Ultimate",
};
const trustModels = ["pgp", "classic", "tofu", "tofu+pgp", "direct", "always", "auto"];

/** Signs; what comes of it is empty where that fails. */
export async function sign(
  ctx: ExecContext,
  place: Keyring,
  { text, filename }: Message,
  how: { keyid: string | null; output: string | null; use_passphrase: boolean },
): Promise<Uint8Array> {
  const passphrase = await passphraseFor(ctx, how.use_passphrase);
  const input = givenData(text, filename);
  const by = how.keyid ? ["--default-key", keyName(how.keyid)] : [];
  const { stdout } = await gpg(ctx, place, [...by, "--clear-sign"], { input, passphrase });
  if (!text && how.output) await atomicWrite(how.output, stdout);
  return stdout;
}

/** What gpg says of a signature; only one that is good in all counts. */
export function readVerification(status: GpgResult["status"]): DataMap {
  const rest = (wanted: string) => status.find(([word]) => word === wanted)?.[1];
  const good = rest("GOODSIG");
  const trust = status.find(([word]) => Object.hasOwn(trustLevels, word))?.[0];
  const bad = ["BADSIG", "ERRSIG", "EXPKEYSIG", "REVKEYSIG", "EXPSIG"].some((word) =>
    rest(word) !== undefined
  );
  if (good === undefined || trust === undefined || bad) {
    return { res: false, message: "The signature could not be verified." };
  }
  const [id = "", ...name] = good.split(" ");
  return {
    res: true,
    username: decodeURIComponent(name.join(" ").replaceAll(/%(?![0-9a-f]{2})/gi, "%25")),
    key_id: id,
    trust_level: trustLevels[trust]!,
    message: "The signature is verified.",
  };
}

/** Checks a signature, of a text, of a file, or one that stands in a file of its own. */
export async function verify(
  ctx: ExecContext,
  place: Keyring,
  { text, filename }: Message,
  how: { signature: string | null; trustmodel: string | null },
): Promise<DataMap> {
  const { signature, trustmodel } = how;
  if (trustmodel && !trustModels.includes(trustmodel)) {
    const message = `Invalid trustmodel defined: ${trustmodel}. Use one of: ${
      trustModels.join(", ")
    }`;
    ctx.log.warning(message);
    return { res: false, message };
  }
  const model = trustmodel ? ["--trust-model", trustmodel] : [];
  if (!text && filename && signature) {
    const args = [...model, "--verify", "--", "-", filename];
    const { status } = await gpg(ctx, place, args, { input: readGiven(signature) });
    return readVerification(status);
  }
  const input = givenData(text, filename);
  return readVerification((await gpg(ctx, place, [...model, "--verify"], { input })).status);
}

/** What becomes of text that was encrypted or decrypted. */
interface Wanted {
  output: string | null;
  bare: boolean;
}

async function deliver(
  ctx: ExecContext,
  done: GpgResult,
  wanted: Wanted,
  words: { good: boolean; did: string; problem: string; mode: number },
): Promise<Data> {
  const { output, bare } = wanted;
  if (!words.good) {
    ctx.log.error(done.stderr);
    const comment = `${words.problem}.\nPlease check the salt-minion log.`;
    return bare ? false : { res: false, comment };
  }
  if (output) await atomicWrite(output, done.stdout, { mode: words.mode });
  if (bare) return output ? new Uint8Array() : done.stdout;
  const comment = output ? `${words.did} data has been written to ${output}` : done.stdout;
  return { res: true, comment };
}

/** For whom, and how. */
export interface EncryptWish extends Wanted {
  recipients: Data;
  sign: Data;
  use_passphrase: boolean;
  always_trust: boolean;
}

/** Encrypts for some keys. */
export async function encrypt(
  ctx: ExecContext,
  place: Keyring,
  { text, filename }: Message,
  wish: EncryptWish,
): Promise<Data> {
  const signs = pyTruthy(wish.sign);
  const passphrase = await passphraseFor(ctx, signs && wish.use_passphrase);
  const input = givenData(text, filename);
  const names = (Array.isArray(wish.recipients) ? wish.recipients : [wish.recipients])
    .filter((name) => name !== null).map((name) => keyName(pyStr(name)));
  if (names.length === 0) throw new SaltInvocationError("No recipients specified");
  const args = ["--encrypt", "--armor", ...names.flatMap((name) => ["--recipient", name])];
  if (wish.always_trust) args.push("--trust-model", "always");
  if (signs && wish.sign !== true) args.push("--default-key", keyName(pyStr(wish.sign)));
  if (signs) args.push("--sign");
  const done = await gpg(ctx, place, args, { input, passphrase });
  const words = done.status.map(([word]) => word);
  const good = done.code === 0 && words.includes("END_ENCRYPTION");
  const problem = words.includes("INV_RECP") ? "invalid recipient" : "encryption failed";
  return await deliver(ctx, done, wish, { good, did: "Encrypted", problem, mode: 0o644 });
}

/** Decrypts by a secret key. */
export async function decrypt(
  ctx: ExecContext,
  place: Keyring,
  { text, filename }: Message,
  wish: Wanted & { use_passphrase: boolean },
): Promise<Data> {
  const passphrase = await passphraseFor(ctx, wish.use_passphrase);
  const done = await gpg(ctx, place, ["--decrypt"], {
    input: givenData(text, filename),
    passphrase,
  });
  const words = done.status.map(([word]) => word);
  const good = done.code === 0 && words.includes("DECRYPTION_OKAY");
  const problem = words.includes("NODATA")
    ? "no data was provided"
    : words.includes("NO_SECKEY")
    ? "no secret key"
    : "decryption failed";
  return await deliver(ctx, done, wish, { good, did: "Decrypted", problem, mode: 0o600 });
}
