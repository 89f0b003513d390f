/**
 * `table`: lists of rows as tables. (`salt/output/table_out.py`)
 *
 * Options of the configuration: `out.table.has_header`, `row_delimiter`, `delim`, `justify`,
 * `separate_rows`, `prefix`, `suffix`, `width`, `rows_key`, `labels_key`, `nested_indent`.
 * @module
 */
import { pyStr, pyTypeName } from "../../text/py_repr.ts";
import { center, compareText, textLength, title } from "../../text/py_text.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import { type Colors, colorsOf } from "./colors.ts";
import {
  isMap,
  type OutputOptions,
  type Outputter,
  stripEscapes,
  UnsuitableData,
} from "./types.ts";

/** How a table looks. */
export interface TableStyle {
  hasHeader: boolean;
  rowDelimiter: string;
  delim: string;
  justify: string;
  separateRows: boolean;
  prefix: string;
  suffix: string;
  width: number;
  rowsKey: string | undefined;
  labelsKey: string | undefined;
}

function pad(text: string, width: number, justify: string): string {
  if (justify === "left") return text + " ".repeat(Math.max(0, width - textLength(text)));
  if (justify === "right") return " ".repeat(Math.max(0, width - textLength(text))) + text;
  return center(text, width);
}

class Table {
  readonly #style: TableStyle;
  readonly #colors: Colors;
  readonly #options: OutputOptions;
  readonly lines: string[] = [];

  constructor(style: TableStyle, options: OutputOptions) {
    this.#style = style;
    this.#colors = colorsOf(options);
    this.#options = options;
  }

  #line(indent: number, color: string, text: string, suffix = ""): void {
    this.lines.push(`${" ".repeat(indent)}${color}${text}${this.#colors.ENDC}${suffix}`);
  }

  /** Breaks at spaces where the column would be too wide. */
  #wrap(value: Data): string[] {
    if (typeof value !== "string") throw new UnsuitableData("table needs rows of text");
    return stripEscapes(value, this.#options).split(" ").reduce((line, word) => {
      const lastLine = line.slice(line.lastIndexOf("\n") + 1);
      const next = word.split("\n", 1)[0] ?? "";
      const full = textLength(lastLine) + textLength(next) >= this.#style.width;
      return `${line}${full ? "\n" : " "}${word}`;
    }).split("\n");
  }

  #rows(rows: Data[][], indent: number, header: boolean): void {
    const { prefix, suffix, delim, separateRows } = this.#style;
    const logical = rows.map((row) => {
      const cells = row.map((cell) => this.#wrap(cell));
      const height = Math.min(...cells.map((cell) => cell.length));
      return Array.from({ length: height }, (_, at) => cells.map((cell) => cell[at] ?? ""));
    });
    const physical = logical.flat();
    const columns = Math.min(...physical.map((row) => row.length));
    const widths = Array.from(
      { length: Number.isFinite(columns) ? columns : 0 },
      (_, at) => Math.max(...physical.map((row) => textLength(row[at] ?? ""))),
    );
    const total = prefix.length + suffix.length + widths.reduce((sum, width) => sum + width, 0) +
      delim.length * (widths.length - 1);
    const separator = this.#style.rowDelimiter.repeat(total);
    let pending = header;
    if (separateRows) this.#line(indent, this.#colors.LIGHT_GRAY, separator);
    for (const lines of logical) {
      for (const row of lines) {
        const cells = widths.map((width, at) => pad(row[at] ?? "", width, this.#style.justify));
        this.#line(indent, this.#colors.WHITE, prefix + cells.join(delim) + suffix);
      }
      if (separateRows || pending) {
        this.#line(indent, this.#colors.LIGHT_GRAY, separator);
        pending = false;
      }
    }
  }

  #tableOf(rows: Data[], given: Data, indent: number): void {
    const [first] = rows;
    if (first === undefined) return;
    if (rows.some((row) => pyTypeName(row) !== pyTypeName(first))) return;
    let labels = isMap(given)
      ? Object.keys(given).sort(compareText).map((key) => given[key] ?? null)
      : Array.isArray(given)
      ? given
      : [];
    const cells = rows.map((row): Data[] => {
      if (isMap(row)) return Object.keys(row).sort(compareText).map((k) => pyStr(row[k] ?? null));
      if (typeof row === "string") return [row];
      if (!Array.isArray(row)) throw new UnsuitableData("table needs rows of text");
      return row;
    });
    if (isMap(first) && labels.length === 0) {
      labels = Object.keys(first).sort(compareText).map((key) => title(key.replaceAll("_", " ")));
    }
    const all = labels.length > 0 ? [labels, ...cells] : cells;
    this.#rows(all, indent + 4, this.#style.hasHeader && labels.length > 0);
  }

  show(data: Data, indent: number): void {
    const { rowsKey, labelsKey } = this.#style;
    if (Array.isArray(data)) {
      if (!rowsKey) this.#tableOf(data, null, indent);
      return;
    }
    if (!isMap(data)) return;
    const here = !rowsKey || Object.hasOwn(data, rowsKey);
    for (const name of Object.keys(data).sort(compareText)) {
      const value = data[name] ?? null;
      if (!here) this.show(value, indent);
      else if (!rowsKey || name === rowsKey) this.#named(name, value, data, indent, labelsKey);
    }
  }

  #named(name: string, value: Data, data: DataMap, indent: number, labelsKey?: string): void {
    if (!this.#style.rowsKey) {
      this.#line(indent, this.#colors.DARK_GRAY, stripEscapes(name, this.#options), ":");
      this.#line(indent, this.#colors.DARK_GRAY, "----------");
    }
    if (Array.isArray(value)) {
      this.#tableOf(value, labelsKey ? data[labelsKey] ?? null : null, indent);
    } else {
      this.show(value, indent + 4);
    }
  }
}

function styleOf(options: OutputOptions, given: Partial<TableStyle>): TableStyle {
  const option = (name: string) => options[`out.table.${name}`];
  const text = (name: string, fallback: string) => {
    const value = option(name);
    return typeof value === "string" ? value : fallback;
  };
  const width = option("width");
  return {
    hasHeader: option("has_header") !== false,
    rowDelimiter: text("row_delimiter", "-"),
    delim: text("delim", " | "),
    justify: text("justify", "center").toLowerCase(),
    separateRows: option("separate_rows") !== false,
    prefix: text("prefix", "| "),
    suffix: text("suffix", " |"),
    width: typeof width === "number" ? width : 50,
    rowsKey: text("rows_key", "") || undefined,
    labelsKey: text("labels_key", "") || undefined,
    ...given,
  };
}

/** A table with a style of its own. */
export function formatTable(
  data: Data,
  options: OutputOptions,
  given: Partial<TableStyle>,
  indent = 0,
): string {
  const table = new Table(styleOf(options, given), options);
  table.show(data, indent);
  return table.lines.join("\n");
}

/** The outputter. */
export const table: Outputter = (data, options, call) => {
  const indent = call.nestedIndent || options["out.table.nested_indent"];
  return formatTable(data, options, {}, typeof indent === "number" ? indent : 0);
};
