/**
 * Returns, jobs and events in PostgreSQL, in Salt's tables with `jsonb` columns.
 * (`salt/returners/pgjsonb.py`)
 * @module
 */
import type { Returner } from "../../loader/returner_types.ts";
import { PostgresReturner } from "./_postgres.ts";

/** The returner `pgjsonb`. */
export const pgjsonb: Returner = {
  name: "pgjsonb",
  doc: "PostgreSQL, in Salt's tables with jsonb columns.",
  open: (ctx) =>
    new PostgresReturner(
      { prefix: "returner.pgjsonb", passwordOption: "pass", jsonb: true },
      ctx,
    ),
};
