/**
 * The contract of outputters.
 * @module
 */
import type { Data } from "../../types/mod.ts";

export { isMap } from "../../types/mod.ts";

/** Salt's options as far as outputters look at them; keys that no outputter knows may be there. */
export interface OutputOptions {
  /** Whether to colour. A colour's name colours everything so. */
  readonly color?: boolean | string;
  /** Escape characters in data are shown as `?`, so that minions cannot drive the terminal. Default true. */
  readonly strip_colors?: boolean;
  readonly output_indent?: number | string | null;
  readonly state_output?: string;
  readonly state_verbose?: boolean;
  readonly state_output_diff?: boolean;
  readonly state_output_profile?: boolean;
  readonly state_output_pct?: boolean;
  readonly state_compress_ids?: boolean;
  readonly state_tabular?: boolean | string;
  readonly state_output_exclude?: readonly string[] | string;
  readonly state_output_terse?: readonly string[] | string;
  readonly [key: string]: unknown;
}

/** What one call says besides. */
export interface OutputCall {
  /** The worst return code of the data. (`_retcode`) */
  readonly retcode?: number;
  /** Columns before each line, where the outputter has that. */
  readonly nestedIndent?: number;
}

/** Turns data into text. Throws {@linkcode UnsuitableData} for data it is not made for. */
export type Outputter = (data: Data, options: OutputOptions, call: OutputCall) => string;

/** The data does not have the shape that an outputter needs; another one is to be tried. */
export class UnsuitableData extends Error {
  override name = "UnsuitableData";
}

/** Replaces escape characters, unless `strip_colors` is off. (`salt.output.strip_esc_sequence`) */
export function stripEscapes(text: string, options: OutputOptions): string {
  return options.strip_colors === false ? text : text.replaceAll("\x1b", "?");
}
