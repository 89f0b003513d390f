/** Hashes and encodings of texts and files. (`salt/modules/hashutil.py`) @module */
import { createHash, createHmac, getHashes, timingSafeEqual } from "node:crypto";
import { createReadStream, readFileSync, statSync, writeFileSync } from "node:fs";
import { CommandExecutionError, SaltInvocationError } from "../../errors.ts";
import { executionModule, fn } from "../../loader/types.ts";

const text = { type: "string", required: true, doc: "The text." } as const;
const checksum = { type: "string", default: "md5", doc: "`md5`, `sha256` or `sha512`." } as const;
const secret = { type: "string", required: true, doc: "The shared secret." } as const;
const challenge = { type: "string", required: true, doc: "What it should be." } as const;

const digests = new Set(["md5", "sha256", "sha512"]);

function digest(value: string, kind: string): string {
  if (!digests.has(kind)) {
    throw new CommandExecutionError(`Hash func '${kind}' is not supported.`);
  }
  return createHash(kind).update(value).digest("hex");
}

async function digestFile(path: string, kind: string): Promise<string> {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) {
    throw new CommandExecutionError(`File path '${path}' not found.`);
  }
  if (!digests.has(kind)) {
    throw new CommandExecutionError(`Hash func '${kind}' is not supported.`);
  }
  const hash = createHash(kind);
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}

/** Lines of 76 characters, as Python's `encodebytes` makes them. */
function lines(base64: string): string {
  return base64.replace(/.{1,76}/g, "$&\n");
}

/** Text where the bytes are UTF-8, else the bytes. */
function textOrBytes(bytes: Uint8Array): string | Uint8Array {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bytes;
  }
}

function decodeBase64(value: string): Uint8Array {
  const plain = value.replace(/[^A-Za-z0-9+/=]/g, "");
  if (plain.replace(/=+$/, "").length % 4 === 1) throw new SaltInvocationError("Incorrect padding");
  return Buffer.from(plain, "base64");
}

function sameText(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function githubSignature(value: string, key: string, given: string): boolean {
  const [kind, signature, ...rest] = given.split("=");
  if (!kind || signature === undefined || rest.length > 0 || !getHashes().includes(kind)) {
    throw new SaltInvocationError(`"${given}" is not of the form "sha256=…"`);
  }
  return sameText(createHmac(kind, key).update(value).digest("hex"), signature);
}

/** The module `hashutil`. */
export const hashutil = executionModule({
  name: "hashutil",
  doc: "Hashes and encodings of texts and files.",
  functions: {
    digest: fn({
      doc: "Returns the hash of a text.",
      args: { instr: text, checksum },
      example: "salt '*' hashutil.digest 'get salted' md5",
      run: (_ctx, args) => digest(args.instr, args.checksum),
    }),
    digest_file: fn({
      doc: "Returns the hash of a file.",
      args: { infile: { type: "string", required: true, doc: "Its path." }, checksum },
      example: "salt '*' hashutil.digest_file /path/to/file sha256",
      run: (_ctx, args) => digestFile(args.infile, args.checksum),
    }),
    md5_digest: fn({
      doc: "Returns the MD5 hash of a text.",
      args: { instr: text },
      example: "salt '*' hashutil.md5_digest 'get salted'",
      run: (_ctx, { instr }) => digest(instr, "md5"),
    }),
    sha256_digest: fn({
      doc: "Returns the SHA-256 hash of a text.",
      args: { instr: text },
      example: "salt '*' hashutil.sha256_digest 'get salted'",
      run: (_ctx, { instr }) => digest(instr, "sha256"),
    }),
    sha512_digest: fn({
      doc: "Returns the SHA-512 hash of a text.",
      args: { instr: text },
      example: "salt '*' hashutil.sha512_digest 'get salted'",
      run: (_ctx, { instr }) => digest(instr, "sha512"),
    }),
    base64_b64encode: fn({
      doc: "Returns a text in Base64, on one line.",
      args: { instr: text },
      example: "salt '*' hashutil.base64_b64encode 'get salted'",
      run: (_ctx, { instr }) => Buffer.from(instr).toString("base64"),
    }),
    base64_b64decode: fn({
      doc: "Returns what a text in Base64 stands for.",
      args: { instr: text },
      example: "salt '*' hashutil.base64_b64decode 'Z2V0IHNhbHRlZA=='",
      run: (_ctx, { instr }) => textOrBytes(decodeBase64(instr)),
    }),
    base64_encodestring: fn({
      doc: "Returns a text in Base64, in lines of 76 characters.",
      args: { instr: text },
      example: "salt '*' hashutil.base64_encodestring 'get salted'",
      run: (_ctx, { instr }) => lines(Buffer.from(instr).toString("base64")),
    }),
    base64_decodestring: fn({
      doc: "Returns what a text in Base64 stands for.",
      args: { instr: text },
      example: "salt '*' hashutil.base64_decodestring instr='Z2V0IHNhbHRlZAo='",
      run: (_ctx, { instr }) => textOrBytes(decodeBase64(instr)),
    }),
    base64_encodefile: fn({
      doc: "Returns a file in Base64, in lines of 76 characters.",
      args: { fname: { type: "string", required: true, doc: "Its path." } },
      example: "salt '*' hashutil.base64_encodefile /path/to/binary_file",
      run: (_ctx, { fname }) => lines(readFileSync(fname).toString("base64")),
    }),
    base64_decodefile: fn({
      doc: "Writes what a text in Base64 stands for to a file.",
      args: { instr: text, outfile: { type: "string", required: true, doc: "Its path." } },
      example: "salt '*' hashutil.base64_decodefile instr='Z2V0IHNhbHRlZAo=' " +
        "outfile='/path/to/binary_file'",
      run(_ctx, { instr, outfile }) {
        writeFileSync(outfile, decodeBase64(instr));
        return true;
      },
    }),
    hmac_signature: fn({
      doc: "Says whether a text has a signature: HMAC-SHA256 in Base64.",
      args: { string: text, shared_secret: secret, challenge_hmac: challenge },
      example:
        "salt '*' hashutil.hmac_signature 'get salted' 'shared secret' 'eBWf9bstXg+NiP5AOwppB5HMvZiYMPzEM9W5YMm/AmQ='",
      run(_ctx, args) {
        const mac = createHmac("sha256", args.shared_secret).update(args.string).digest("base64");
        return sameText(mac, args.challenge_hmac);
      },
    }),
    hmac_compute: fn({
      doc: "Returns the HMAC-SHA256 of a text, in hex.",
      args: { string: text, shared_secret: secret },
      example: "salt '*' hashutil.hmac_compute 'get salted' 'shared secret'",
      run: (_ctx, args) =>
        createHmac("sha256", args.shared_secret).update(args.string).digest("hex"),
    }),
    github_signature: fn({
      doc: "Says whether a text has a signature as GitHub's webhooks have it: `sha1=…`.",
      args: { string: text, shared_secret: secret, challenge_hmac: challenge },
      example:
        "salt '*' hashutil.github_signature '{\"ref\":....} ' 'shared secret' 'sha1=bc6550fc290acf5b42283fa8deaf55cea0f8c206'",
      run: (_ctx, args) => githubSignature(args.string, args.shared_secret, args.challenge_hmac),
    }),
  },
});
