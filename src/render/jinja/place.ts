/** Gives errors their place. @module */
import { SaltException } from "../../errors.ts";
import type { Template } from "./ast.ts";
import { SaltRenderError } from "./errors.ts";

/** An error of a statement, as one that names the template and the line. */
export function placed(error: unknown, template: Template, line: number): unknown {
  const found = renderError(error);
  return found === null ? error : found.at(template.name, line, template.source);
}

function renderError(error: unknown): SaltRenderError | null {
  if (error instanceof SaltRenderError) return error;
  if (error instanceof SaltException) {
    const reason = `Problem running salt function in Jinja template: ${error.message}`;
    return new SaltRenderError("runtime", reason, { cause: error });
  }
  if (error instanceof RangeError) {
    return new SaltRenderError("limit", `too large or too deep: ${error.message}`, {
      cause: error,
    });
  }
  return null;
}
