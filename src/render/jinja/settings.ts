/** What can be set of Jinja. (`salt/utils/templates.py:render_jinja_tmpl`) @module */
import { defaultSyntax, type Syntax } from "./lexer.ts";
import { splitLines } from "../../text/py_text.ts";

/** Names of the settings. Others are passed over, as Salt does with those it does not know. */
export const SETTINGS: readonly string[] = Object.keys(defaultSyntax);

/** The syntax by settings; those of a wrong type are passed over. */
export function syntaxOf(settings: Readonly<Record<string, unknown>>): Syntax {
  const syntax: Record<string, unknown> = { ...defaultSyntax };
  for (const [given, value] of Object.entries(settings)) {
    const name = given.toLowerCase();
    if (!SETTINGS.includes(name)) continue;
    const usual = syntax[name];
    const wantsText = typeof usual !== "boolean";
    if (wantsText ? typeof value === "string" && value !== "" : true) {
      syntax[name] = wantsText ? value : Boolean(value);
    }
  }
  return syntax as unknown as Syntax;
}

const mark = "#jinja2:";

/** Takes the line `#jinja2: {...}` off, which may stand first or below `#!renderers`. */
export function splitHeader(text: string): { text: string; settings: Record<string, unknown> } {
  const lines = splitLines(text.slice(0, 10_000), true);
  const first = lines[0]?.startsWith("#!") && !lines[0].startsWith("#!/") ? 1 : 0;
  const line = lines[first] ?? "";
  if (!line.startsWith(mark) || line.slice(mark.length).trim() === "") {
    return { text, settings: {} };
  }
  try {
    const settings: unknown = JSON.parse(line.slice(mark.length));
    if (typeof settings !== "object" || settings === null || Array.isArray(settings)) {
      return { text, settings: {} };
    }
    const start = lines.slice(0, first).join("").length;
    return {
      text: text.slice(0, start) + text.slice(start + line.length),
      settings: settings as Record<string, unknown>,
    };
  } catch {
    return { text, settings: {} };
  }
}
