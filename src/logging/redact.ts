/**
 * Takes secrets out of what is about to be logged.
 * @module
 */

/** What stands in a secret's place. */
export const REDACTED = "**********";

/** Fields whose values are nobody's business: passwords, keys, tokens, pillar. */
const SECRET_FIELD =
  /^(?:aes|key|pub|priv|session|sig|nonce|eauth|pillar|pillar_override|__pub_pass\w*|.*(?:passw|passphrase|secret|token|private_key|priv_key|api_?key|credential).*)$/i;

const MAX_DEPTH = 20;

/** Whether a field of this name is kept out of logs. */
export function isSecretField(name: string): boolean {
  return SECRET_FIELD.test(name);
}

/**
 * A copy of `value` for logs: secret fields are replaced, bytes are told by length alone.
 *
 * @example
 * ```ts
 * log.debug(() => `load ${JSON.stringify(redact(load))}`);
 * ```
 */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return `<${value.length} bytes>`;
  if (value instanceof Date || value instanceof Number) return value;
  if (depth >= MAX_DEPTH) return "...";
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      isSecretField(name) ? REDACTED : redact(item, depth + 1),
    ]),
  );
}
