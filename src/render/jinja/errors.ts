/** What can be wrong with a template. @module */
import { SaltException } from "../../errors.ts";

/** Kinds that callers and tests tell apart. */
export type RenderErrorKind =
  | "syntax"
  | "undefined"
  | "security"
  | "notfound"
  | "limit"
  | "runtime";

/** A template cannot be rendered. (`salt.exceptions.SaltRenderError`) */
export class SaltRenderError extends SaltException {
  override name = "SaltRenderError";
  readonly kind: RenderErrorKind;
  /** What is wrong, without the place. */
  readonly reason: string;
  /** The template, and the line from 1; set as the error passes the statement that it comes from. */
  template: string | null = null;
  line: number | null = null;

  constructor(kind: RenderErrorKind, reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.kind = kind;
    this.reason = reason;
  }

  /** Adds the place, unless an inner one is known. */
  at(template: string, line: number, source: string): this {
    if (this.template !== null) return this;
    this.template = template;
    this.line = line;
    const text = source.split("\n")[line - 1]?.trim() ?? "";
    const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
    const what = this.kind === "syntax" ? "Jinja syntax error: " : "";
    const hint = this.kind === "undefined"
      ? "\nSet it before, or say what holds instead: {{ name | default('...') }}"
      : "";
    this.message = `Cannot render "${template}", line ${line}: ${what}${this.reason}` +
      `${shown === "" ? "" : `\n    ${shown}`}${hint}`;
    return this;
  }
}

/** Python's TypeError, ValueError and the like, in a template. */
export function fail(reason: string): never {
  throw new SaltRenderError("runtime", reason);
}
