/**
 * Salt's colours. (`salt/utils/color.py:get_colors`)
 * @module
 */
import type { OutputOptions } from "./types.ts";

const CODES = {
  BLACK: "0;30",
  DARK_GRAY: "0;1;30",
  RED: "0;31",
  LIGHT_RED: "0;1;31",
  GREEN: "0;32",
  LIGHT_GREEN: "0;1;32",
  YELLOW: "0;33",
  LIGHT_YELLOW: "0;1;33",
  BLUE: "0;34",
  LIGHT_BLUE: "0;1;34",
  MAGENTA: "0;35",
  LIGHT_MAGENTA: "0;1;35",
  CYAN: "0;36",
  LIGHT_CYAN: "0;1;36",
  LIGHT_GRAY: "0;37",
  WHITE: "0;1;37",
  DEFAULT_COLOR: "0;39",
  ENDC: "0;0",
} as const;

/** A colour's name. */
export type ColorName = keyof typeof CODES;

/** The text that switches to each colour; all empty when there are to be none. */
export type Colors = Readonly<Record<ColorName, string>>;

function sequence(name: ColorName): string {
  return `\x1b[${CODES[name]}m`;
}

/** The colours of one output. */
export function colorsOf(options: OutputOptions): Colors {
  const use = options.color ?? false;
  const names = Object.keys(CODES) as ColorName[];
  const one = names.find((name) => name === use);
  const pairs = names.map((name) => {
    if (!use) return [name, ""];
    return [name, sequence(one && name !== "ENDC" ? one : name)];
  });
  return Object.fromEntries(pairs);
}
