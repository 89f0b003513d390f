/**
 * The contract of executors: what stands between a job and the function it names.
 * @module
 */
import type { Data, DataMap } from "../../types/mod.ts";
import type { ExecContext } from "../types.ts";

/** A call that an executor is to make, or to hold back for a while. */
export interface ExecutorCall {
  readonly fun: string;
  readonly args: Data[];
  readonly kwargs: DataMap;
  /** `executor_opts` of the job. */
  readonly options: DataMap;
}

/** One executor. */
export interface Executor {
  /** Whether this minion has it; Salt's `__virtual__`. */
  available(ctx: ExecContext): boolean;
  /**
   * Gives the function's result, or null to let the next executor go on.
   * @throws what the function throws, and what is wrong with the executor's options.
   */
  execute(ctx: ExecContext, call: ExecutorCall): Promise<Data>;
}
