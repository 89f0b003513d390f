/**
 * What is logged, where and how.
 * @module
 */
import { LOG_LEVELS } from "../../logging/logger.ts";
import { bool, int, list, map, oneOf, optional, str } from "../option.ts";

const LEVELS = Object.keys(LOG_LEVELS);

/** Options the same on both daemons. */
export const commonLogging = {
  log_file: str(
    "/var/log/salt/master",
    "yes",
    "Log file, or a syslog address such as `file:///dev/log` or `udp://host:514/LOG_DAEMON`; empty for none.",
    { rooted: true, emptyIsNone: true },
  ),
  log_dir: optional(str("", "yes", "Folder for a log file that is named without one.")),
  log_level: str("warning", "yes", "Least level shown on the terminal.", {
    choices: LEVELS,
    lowerCase: true,
  }),
  log_level_logfile: oneOf(
    ["null", "str"],
    null,
    "yes",
    "Least level written to the log file; that of `log_level` when empty.",
    { choices: LEVELS, lowerCase: true },
  ),
  log_fmt_console: str(
    "[%(levelname)-8s] %(message)s",
    "yes",
    "Format of a line on the terminal, with Python's `%(name)s` fields.",
  ),
  log_fmt_logfile: str(
    "%(asctime)s,%(msecs)03d [%(name)-17s:%(lineno)-4d][%(levelname)-8s][%(process)d] %(message)s",
    "yes",
    "Format of a line in the log file.",
  ),
  log_datefmt: str(
    "%H:%M:%S",
    "yes",
    "Form of `%(asctime)s` on the terminal, as `strftime` takes it.",
  ),
  log_datefmt_logfile: str("%Y-%m-%d %H:%M:%S", "yes", "Form of `%(asctime)s` in the log file."),
  log_fmt_jid: oneOf(
    ["null", "str"],
    "[JID: %(jid)s]",
    "no",
    "Form of `%(jid)s` in lines that belong to a job.",
  ),
  log_fmt_minion_id: oneOf(
    ["null", "str"],
    "[%(minion_id)s]",
    "no",
    "Form of `%(minion_id)s` in lines that belong to a minion.",
  ),
  log_granular_levels: map<string>(
    {},
    "yes",
    "Levels by logger name, such as `saltx.transport: debug`. Names that begin with `salt.` mean saltx' loggers.",
  ),
  log_rotate_max_bytes: int(0, "yes", "Size at which the log file is put aside; 0 for never.", {
    min: 0,
  }),
  log_rotate_backup_count: int(0, "yes", "How many log files that were put aside are kept.", {
    min: 0,
  }),
  color: bool(true, "yes", "Colour in output, on a terminal."),
  strip_colors: bool(true, "yes", "Take colour codes out of results."),
  color_theme: optional(str("", "no", "File with other colours.")),
  output: optional(str("", "yes", "Outputter to use unless the command line says.")),
  output_file: optional(str("", "yes", "File that gets the output of every command.")),
  outputter_dirs: list([], "yes", "Further folders of custom outputters."),
};
