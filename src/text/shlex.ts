/**
 * Words of a POSIX shell command, taken apart and quoted, as Python's `shlex` does.
 * @module
 */
import { SaltInvocationError } from "../errors.ts";

const blank = /[ \t\r\n]/;

/**
 * Splits at blanks, with quotes and backslashes as in a POSIX shell; nothing is expanded.
 * (Python `shlex.split`)
 * @throws SaltInvocationError when a quote does not end.
 */
export function shlexSplit(text: string): string[] {
  const words: string[] = [];
  let word = "";
  let inWord = false;
  let quote = "";
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (quote === "" && blank.test(char)) {
      if (inWord) words.push(word);
      word = "";
      inWord = false;
      continue;
    }
    inWord = true;
    if (char === "\\" && quote !== "'") {
      const next = text[++i];
      if (next === undefined) throw new SaltInvocationError("No escaped character");
      // Inside double quotes only the quote and the backslash lose their meaning.
      word += quote === '"' && next !== '"' && next !== "\\" ? `\\${next}` : next;
    } else if (quote === char) {
      quote = "";
    } else if (quote === "" && (char === "'" || char === '"')) {
      quote = char;
    } else {
      word += char;
    }
  }
  if (quote !== "") throw new SaltInvocationError("No closing quotation");
  if (inWord) words.push(word);
  return words;
}

/** A word that a POSIX shell reads as just this text. (Python `shlex.quote`) */
export function shlexQuote(text: string): string {
  if (text === "") return "''";
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}
