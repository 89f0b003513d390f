/**
 * Python's `re.sub`.
 * @module
 */
import { CONTROL_ESCAPES } from "../control_escapes.ts";
import type { Pattern, PatternMatch } from "./mod.ts";
import { PatternError } from "./pattern_text.ts";

/** A part of a template: text as it is, or what a group matched. */
type Part = string | { group: number | string };

const escapes: Record<string, string> = { ...CONTROL_ESCAPES, "\\": "\\" };

const token = /\\(?:g<([^>]*)>|(0[0-7]{0,2}|[0-3][0-7]{2})|([1-9]\d?)|([^\d])|$)/gs;

function checkGroup(pattern: Pattern, group: number | string): { group: number | string } {
  const known = typeof group === "number" ? group <= pattern.groups : pattern.names.includes(group);
  if (known) return { group };
  throw new PatternError(
    typeof group === "number"
      ? `invalid group reference ${group}`
      : `unknown group name '${group}'`,
  );
}

/** @throws PatternError for an escape that Python does not know, or a group that there is not. */
function parseTemplate(pattern: Pattern, template: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const match of template.matchAll(token)) {
    const [whole, name, octal, number, char] = match;
    parts.push(template.slice(at, match.index));
    at = match.index + whole.length;
    if (name !== undefined) {
      if (name === "") throw new PatternError("missing group name");
      parts.push(checkGroup(pattern, /^\d+$/.test(name) ? Number(name) : name));
    } else if (octal !== undefined) parts.push(String.fromCharCode(parseInt(octal, 8)));
    else if (number !== undefined) parts.push(checkGroup(pattern, Number(number)));
    else if (char === undefined) throw new PatternError("bad escape (end of pattern)");
    else if (Object.hasOwn(escapes, char)) parts.push(escapes[char]!);
    else if (/[A-Za-z]/.test(char)) throw new PatternError(`bad escape \\${char}`);
    else parts.push(`\\${char}`);
  }
  parts.push(template.slice(at));
  return parts.filter((part) => part !== "");
}

function expand(parts: readonly Part[], match: PatternMatch): string {
  return parts.map((part) => {
    if (typeof part === "string") return part;
    const { group } = part;
    return (typeof group === "number" ? match.groups[group] : match.named[group]) ?? "";
  }).join("");
}

/**
 * Replaces matches by a template with `\1`, `\g<name>` and the like. (`re.subn`)
 *
 * @param count How many at most; 0 for all.
 * @throws PatternError for a template that cannot be read, or a match that takes too long.
 */
export function replaceMatches(
  pattern: Pattern,
  text: string,
  template: string,
  count = 0,
): { text: string; count: number } {
  const parts = parseTemplate(pattern, template);
  const chars = Array.from(text);
  const out: string[] = [];
  let [last, done] = [0, 0];
  for (const match of pattern.matchAll(text)) {
    out.push(chars.slice(last, match.start).join(""), expand(parts, match));
    last = match.end;
    if (++done === count) break;
  }
  out.push(chars.slice(last).join(""));
  return { text: out.join(""), count: done };
}
