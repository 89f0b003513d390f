/**
 * Options that choose how results are shown.
 * @module
 */
import type { OptionDef, OptionGroup } from "./types.ts";

/** `more` are further options of the group, such as `--quiet` of salt-run. */
export function output(more: readonly OptionDef[] = []): OptionGroup {
  return {
    title: "Output Options",
    doc: "How results are shown.",
    options: [
      {
        flags: ["--out", "--output"],
        dest: "output",
        kind: "text",
        doc:
          "Outputter: nested, json, yaml, txt, raw, quiet, pprint, highstate, table, key, progress or another.",
      },
      {
        flags: ["--out-indent", "--output-indent"],
        dest: "output_indent",
        kind: "int",
        doc: "Indentation in spaces, where the outputter has one. Negative: none at all.",
      },
      {
        flags: ["--out-file", "--output-file"],
        dest: "output_file",
        kind: "text",
        completes: "file",
        doc: "Write the results to this file.",
      },
      {
        flags: ["--out-file-append", "--output-file-append"],
        dest: "output_file_append",
        kind: "flag",
        default: false,
        doc: "Add to that file instead of replacing what it holds.",
      },
      {
        flags: ["--no-color", "--no-colour"],
        dest: "no_color",
        kind: "flag",
        default: false,
        doc: "No colours.",
      },
      {
        flags: ["--force-color", "--force-colour"],
        dest: "force_color",
        kind: "flag",
        default: false,
        doc: "Colours even where the output is not a terminal.",
      },
      {
        flags: ["--state-output", "--state_output"],
        dest: "state_output",
        kind: "text",
        doc: "How much of a state run to show: full, terse, mixed, changes or filter, each also " +
          "with _id.",
      },
      {
        flags: ["--state-verbose", "--state_verbose"],
        dest: "state_verbose",
        kind: "text",
        doc: "True or False: whether states that are in order are shown.",
      },
      ...more,
    ],
  };
}

/** `--output-diff`. */
export const outputDiff: OptionDef = {
  flags: ["--output-diff"],
  dest: "state_output_diff",
  kind: "flag",
  default: false,
  doc: "Show only the states that changed something.",
};
