/** Commands to run once, later. (`salt/modules/at.py`) @module */
import { CommandExecutionError } from "../../errors.ts";
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { which } from "../../process/mod.ts";
import { pyStr } from "../../text/py_repr.ts";
import type { DataMap } from "../../types/mod.ts";
import { operand, runProgram } from "./_program.ts";

const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

interface Job {
  job: number | string;
  date: string;
  time: string;
  queue: string;
  user: string;
  tag: string;
}

/** Reads `atq`. Queue `=` has what runs now. */
export function parseQueue(text: string): Omit<Job, "tag">[] {
  return text.split("\n").flatMap((line) => {
    const found = /^(\d+)\s+\w{3} (\w{3})\s+(\d+) (\d\d:\d\d:\d\d) (\d{4}) (\S) (\S+)/.exec(line);
    if (!found) return [];
    const [, job, month, day, time, year, queue, user] = found;
    const date = `${year}-${String(months.indexOf(month!) + 1).padStart(2, "0")}-` +
      day!.padStart(2, "0");
    return [{ job: Number(job), date, time: time!, queue: queue!, user: user! }];
  });
}

/** The tag in what `at -c` prints; empty when there is none. */
export function tagOf(text: string): string {
  return /^### SALT: (\w+)/m.exec(text)?.[1] ?? "";
}

async function queue(ctx: ExecContext, tag: string | null): Promise<Job[]> {
  const { stdout } = await runProgram(ctx, ["atq"], { ignoreRetcode: true });
  const jobs: Job[] = [];
  for (const entry of parseQueue(stdout)) {
    const done = await runProgram(ctx, ["at", "-c", String(entry.job)], { ignoreRetcode: true });
    const own = tagOf(done.stdout);
    if (tag === null || tag === own || tag === pyStr(entry.job)) jobs.push({ ...entry, tag: own });
  }
  return jobs;
}

function listing(jobs: readonly Job[]): DataMap {
  return { jobs: jobs.map((job) => ({ ...job })) };
}

async function remove(ctx: ExecContext, words: readonly string[]): Promise<DataMap> {
  const all = words[0] === "all";
  const tag = all ? words[1] ?? null : null;
  const known = words.length === 0 ? [] : await queue(ctx, tag);
  const ids = known.map(({ job }) => pyStr(job)).filter((id) => all || words.includes(id));
  if (ids.length > 0) {
    const { retcode, stderr } = await runProgram(ctx, ["atrm", ...ids]);
    if (retcode !== 0) throw new CommandExecutionError(`atrm failed: ${stderr}`);
  }
  return { jobs: { removed: ids, tag } };
}

async function schedule(ctx: ExecContext, words: readonly string[], kwargs: DataMap) {
  if (words.length < 2) return { jobs: [] };
  const [time, ...command] = words;
  const tag = kwargs["tag"] === undefined ? null : pyStr(kwargs["tag"]);
  if (tag !== null && !/^\w+$/.test(tag)) {
    throw new CommandExecutionError(`"${tag}" cannot be a tag: letters, digits and _ only`);
  }
  const text = command.join(" ");
  const stdin = tag === null ? `${text}\n` : `### SALT: ${tag}\n${text}\n`;
  const runas = kwargs["runas"] === undefined ? null : pyStr(kwargs["runas"]);
  const done = await runProgram(ctx, ["at", operand(time!, "a time")], { stdin, runas });
  const said = `${done.stdout}\n${done.stderr}`;
  if (/Garbled time|invalid time/i.test(said)) return { jobs: [], error: "invalid timespec" };
  const found = /^job (\d+) at /m.exec(said);
  if (!found) throw new CommandExecutionError(`at failed: ${said.trim()}`);
  return listing(await queue(ctx, found[1]!));
}

/** Whether a job fits what was asked for; what is not given, or 0, fits all. */
function fits(job: Job, wanted: DataMap): boolean {
  const [year, month, day] = job.date.split("-");
  const [hour, minute] = job.time.split(":");
  const same = (key: string, value: string) => !wanted[key] || pyStr(wanted[key]) === value;
  const number = (key: string, value: string) =>
    !wanted[key] || pyStr(wanted[key]).padStart(2, "0") === value;
  const years = pyStr(wanted["year"] ?? "");
  return same("runas", job.user) && same("tag", job.tag) && number("hour", hour!) &&
    number("minute", minute!) && number("day", day!) && number("month", month!) &&
    (!wanted["year"] || (years.length === 2 ? `20${years}` : years) === year);
}

/** The module `at`. */
export const at = executionModule({
  name: "at",
  doc: "Commands to run once, later.",
  virtual: () => which("at") !== null || "The at module could not be loaded: at command not found",
  functions: {
    at: fn({
      doc: "Has a command run later.",
      args: {
        args: { type: "any", variadic: true, doc: "The time, then the command." },
        kwargs: {
          type: "map",
          keywords: true,
          doc: "`tag`: a name for the job; `runas`: the user to run it as.",
        },
      },
      example: "salt '*' at.at <timespec> <cmd> [tag=<tag>] [runas=<user>]\n" +
        "salt '*' at.at 12:05am '/sbin/reboot' tag=reboot",
      run: (ctx, { args, kwargs }) => schedule(ctx, args.map(pyStr), kwargs),
    }),
    atq: fn({
      doc: "Lists the jobs that wait.",
      args: { tag: { type: "any", default: null, doc: "Only that with this tag or number." } },
      example: "salt '*' at.atq\nsalt '*' at.atq [tag]\nsalt '*' at.atq [job number]",
      run: async (ctx, { tag }) => listing(await queue(ctx, tag === null ? null : pyStr(tag))),
    }),
    atrm: fn({
      doc: "Removes jobs.",
      args: {
        args: { type: "any", variadic: true, doc: "Numbers of jobs; or all, and a tag." },
      },
      example: "salt '*' at.atrm <jobid> <jobid> .. <jobid>\nsalt '*' at.atrm all\n" +
        "salt '*' at.atrm all [tag]",
      run: (ctx, { args }) => remove(ctx, args.map(pyStr)),
    }),
    atc: fn({
      doc: "Returns what a job will run.",
      args: { jobid: { type: "any", required: true, doc: "Number of the job." } },
      example: "salt '*' at.atc <jobid>",
      async run(ctx, { jobid }) {
        const argv = ["at", "-c", operand(jobid, "a job")];
        const { retcode, stdout } = await runProgram(ctx, argv, { ignoreRetcode: true });
        return retcode === 0 && stdout !== ""
          ? stdout
          : { error: `invalid job id '${pyStr(jobid)}'` };
      },
    }),
    jobcheck: fn({
      doc: "Lists the jobs that wait and fit.",
      args: {
        kwargs: {
          type: "map",
          keywords: true,
          doc: "`runas`, `tag`, `hour`, `minute`, `day`, `month`, `year`.",
        },
      },
      example: "salt '*' at.jobcheck runas=jam day=13\n" +
        "salt '*' at.jobcheck day=13 month=12 year=13 tag=rose",
      async run(ctx, { kwargs }) {
        const wanted = Object.entries(kwargs).filter(([key]) => !key.startsWith("__"));
        if (wanted.length === 0) return { error: "You have given a condition" };
        const jobs = await queue(ctx, null);
        const found = jobs.filter((job) => fits(job, Object.fromEntries(wanted)));
        const result = listing(found);
        if (jobs.length > 0 && found.length === 0) {
          result["note"] = "No match jobs or time format error";
        }
        return result;
      },
    }),
  },
});
