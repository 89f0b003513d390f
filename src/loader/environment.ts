/**
 * The environment of a job: that of the minion, and what the job has changed for itself.
 *
 * In Salt each job is a process and may change its own. Here jobs share one, so changes are kept in the
 * job's context and given to the programs that it starts.
 * @module
 */
import type { ExecContext } from "./types.ts";

const key = "environ";

/** What the job has set, by name; null: unset. */
function changes(ctx: Pick<ExecContext, "context">): Map<string, string | null> {
  const known = ctx.context[key];
  if (known instanceof Map) return known;
  const made = new Map<string, string | null>();
  ctx.context[key] = made;
  return made;
}

/** All variables as the job sees them. */
export function jobEnvironment(ctx: Pick<ExecContext, "context">): Record<string, string> {
  const env = new Map<string, string>();
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined) env.set(name, value);
  }
  for (const [name, value] of changes(ctx)) {
    if (value === null) env.delete(name);
    else env.set(name, value);
  }
  return Object.fromEntries(env);
}

/** Sets a variable for the rest of the job; null unsets it. */
export function setJobVariable(
  ctx: Pick<ExecContext, "context">,
  name: string,
  value: string | null,
): void {
  changes(ctx).set(name, value);
}
