/** The contract of stores behind `sdb://`. @module */
import type { ExecContext } from "../../../loader/types.ts";
import type { Data, DataMap } from "../../../types/mod.ts";

/** A kind of store. `profile` is what options say of one. Each may throw CommandExecutionError. */
export interface SdbDriver {
  /** Null when there is no such value. */
  get(ctx: ExecContext, key: string, profile: DataMap): Data | Promise<Data>;
  set?(ctx: ExecContext, key: string, value: Data, profile: DataMap): Data | Promise<Data>;
  delete?(ctx: ExecContext, key: string, profile: DataMap): Data | Promise<Data>;
}
