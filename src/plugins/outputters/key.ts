/**
 * `key`: what salt-key shows. (`salt/output/key.py`)
 * @module
 */
import { pyStr } from "../../text/py_repr.ts";
import { compareText } from "../../text/py_text.ts";
import { type ColorName, colorsOf } from "./colors.ts";
import { isMap, type Outputter, stripEscapes, UnsuitableData } from "./types.ts";

const STATES: Readonly<Record<string, readonly [string, ColorName, ColorName]>> = {
  minions: ["Accepted Keys:", "LIGHT_GREEN", "GREEN"],
  minions_pre: ["Unaccepted Keys:", "LIGHT_RED", "RED"],
  minions_denied: ["Denied Keys:", "LIGHT_MAGENTA", "MAGENTA"],
  minions_rejected: ["Rejected Keys:", "LIGHT_BLUE", "BLUE"],
  local: ["Local Keys:", "LIGHT_MAGENTA", "MAGENTA"],
};

/** The outputter. */
export const key: Outputter = (data, options) => {
  if (!isMap(data)) throw new UnsuitableData("key needs a map");
  const colors = colorsOf(options);
  const space = " ".repeat(options["__multi_key"] ? 4 : 0);
  let out = "";
  for (const state of Object.keys(data).sort(compareText)) {
    const known = STATES[state];
    if (!known) throw new UnsuitableData(`no key state ${state}`);
    const [title, titleColor, color] = known;
    out += `${space}${colors[titleColor]}${title}${colors.ENDC}\n`;
    const keys = data[state];
    if (Array.isArray(keys)) {
      for (const id of keys.map(pyStr).sort(compareText)) {
        out += `${space}${colors[color]}${stripEscapes(id, options)}${colors.ENDC}\n`;
      }
    } else if (isMap(keys)) {
      for (const id of Object.keys(keys).sort(compareText)) {
        const text = pyStr(keys[id] ?? null);
        out += `${space}${colors[color]}${stripEscapes(id, options)}:  ${text}${colors.ENDC}\n`;
      }
    }
  }
  return out;
};
