/**
 * Returns, jobs and events in PostgreSQL, in Salt's tables with text columns.
 * (`salt/returners/postgres.py`)
 * @module
 */
import type { Returner } from "../../loader/returner_types.ts";
import { PostgresReturner } from "./_postgres.ts";

/** The returner `postgres`. */
export const postgres: Returner = {
  name: "postgres",
  doc: "PostgreSQL, in Salt's tables with text columns.",
  open: (ctx) =>
    new PostgresReturner(
      { prefix: "returner.postgres", passwordOption: "passwd", jsonb: false },
      ctx,
    ),
};
