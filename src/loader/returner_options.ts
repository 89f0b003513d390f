/**
 * The options of a returner: `<name>.<option>`, a map below `<name>`, the same below the name that
 * `--return_config` gives, and what `--return_kwargs` says.
 * (`salt/returners/__init__.py:get_returner_options`)
 * @module
 */
import { type Data, type DataMap, isMap } from "../types/mod.ts";

/** Looks an option up; undefined: not set. */
export type OptionSource = (name: string) => Data | undefined;

function isSet(value: Data | undefined): value is Data {
  return value !== undefined && value !== null && value !== "";
}

function below(option: OptionSource, name: string, key: string): Data | undefined {
  const map = option(name);
  if (isMap(map) && Object.hasOwn(map, key)) return map[key];
  return option(`${name}.${key}`);
}

/**
 * Values of the wanted options; those that are not set anywhere are absent.
 * @param name under which they stand: `redis`, `returner.pgjsonb`
 * @param wanted names of options
 * @param ret a return, whose `ret_config` and `ret_kwargs` count
 */
export function returnerOptions(
  option: OptionSource,
  name: string,
  wanted: readonly string[],
  defaults: DataMap,
  ret: DataMap | null = null,
): DataMap {
  const found: DataMap = {};
  const profile = isSet(ret?.["ret_config"]) ? String(ret["ret_config"]) : null;
  for (const key of wanted) {
    const special = profile === null ? undefined : below(option, `${profile}.${name}`, key);
    const value = isSet(special) ? special : below(option, name, key);
    if (isSet(value)) found[key] = value;
    else if (Object.hasOwn(defaults, key)) found[key] = defaults[key]!;
  }
  const given = ret?.["ret_kwargs"];
  if (!isMap(given)) return found;
  return { ...found, ...Object.fromEntries(Object.entries(given).filter(([, v]) => v !== null)) };
}
