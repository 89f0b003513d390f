/** The machine's power, clock and names. (`salt/modules/system.py`) @module */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { CommandExecutionError, SaltInvocationError } from "../../errors.ts";
import { atomicWriteSync } from "../../fs/mod.ts";
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { strftime } from "../../logging/strftime.ts";
import { which } from "../../process/mod.ts";
import { pyStr } from "../../text/py_repr.ts";
import type { Data } from "../../types/mod.ts";
import { runProgram } from "./_program.ts";

const quiet = { ignoreRetcode: true } as const;
const machineInfo = "/etc/machine-info";
const rebootWitness = "/var/volatile/tmp/salt/reboot_witnessed";

const utcOffset = {
  type: "any",
  doc: "Offset from UTC such as `+0100`, in place of the machine's time zone.",
} as const;
const atTime = { type: "any", doc: "When: minutes from now, or a time such as `13:37`." } as const;

async function tell(ctx: ExecContext, argv: string[]): Promise<string> {
  const { stdout, stderr } = await runProgram(ctx, argv);
  return [stdout, stderr].filter(Boolean).join("\n");
}

/** @throws SaltInvocationError for what `shutdown` would not take for a time. */
function when(time: Data): string {
  if (time === null) return "now";
  const text = pyStr(time);
  if (!/^(?:now|\+?\d+|\d{1,2}:\d{2})$/.test(text)) {
    throw new SaltInvocationError(`"${text}" is not a time: use minutes or HH:MM`);
  }
  return text;
}

/** Minutes of an offset such as `-0530`. */
function offsetMinutes(offset: Data): number | null {
  if (offset === null) return null;
  const match = /^([+-])?(\d\d)(\d\d)$/.exec(pyStr(offset));
  if (!match) throw new SaltInvocationError("Invalid UTC offset");
  return (match[1] === "-" ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3]));
}

/** Now, so shifted that its local fields show the time at an offset. */
function timeAt(offset: Data): Date {
  const now = new Date();
  const minutes = offsetMinutes(offset);
  return minutes === null
    ? now
    : new Date(now.getTime() + (minutes + now.getTimezoneOffset()) * 60_000);
}

interface Moment {
  years: number | null;
  months: number | null;
  days: number | null;
  hours: number | null;
  minutes: number | null;
  seconds: number | null;
  utc_offset: Data;
}

const nothing = {
  years: null,
  months: null,
  days: null,
  hours: null,
  minutes: null,
  seconds: null,
};

/** @throws SaltInvocationError when there is no such day or hour. */
function complete(moment: Moment): Date {
  const now = timeAt(moment.utc_offset);
  const fields = [
    moment.years ?? now.getFullYear(),
    (moment.months ?? now.getMonth() + 1) - 1,
    moment.days ?? now.getDate(),
    moment.hours ?? now.getHours(),
    moment.minutes ?? now.getMinutes(),
    moment.seconds ?? now.getSeconds(),
  ] as const;
  const date = new Date(...fields);
  const back = [date.getFullYear(), date.getMonth(), date.getDate(), date.getHours()];
  if (back.some((value, index) => value !== fields[index]) || fields[4] > 59 || fields[5] > 59) {
    throw new SaltInvocationError("There is no such date and time");
  }
  return date;
}

async function hasSettableClock(ctx: ExecContext): Promise<boolean> {
  if (!which("hwclock")) return false;
  return (await runProgram(ctx, ["hwclock", "--test", "--systohc"], quiet)).retcode === 0;
}

async function setClock(ctx: ExecContext, moment: Moment): Promise<boolean> {
  const wanted = complete(moment);
  const minutes = offsetMinutes(moment.utc_offset);
  // With an offset, `date -u` gets what that is in UTC.
  const date = minutes === null ? wanted : new Date(wanted.getTime() - minutes * 60_000);
  const argv = ["date", ...(minutes === null ? [] : ["-u"]), strftime("%m%d%H%M%Y.%S", date)];
  const done = await runProgram(ctx, argv, quiet);
  if (done.retcode !== 0) throw new CommandExecutionError(`date failed: ${done.stderr}`);
  if (await hasSettableClock(ctx)) {
    const saved = await runProgram(ctx, ["hwclock", "--systohc"], quiet);
    if (saved.retcode !== 0) ctx.log.warning(`hwclock failed: ${saved.stderr}`);
  }
  return true;
}

/** Hours, minutes and seconds of a text, or null. */
function parseTime(text: string): Pick<Moment, "hours" | "minutes" | "seconds"> | null {
  const match = /^(\d{1,2}):(\d{2})(?::(\d{2}))?(?: (AM|PM))?$/i.exec(text.trim());
  if (!match) return null;
  let hours = Number(match[1]);
  if (match[4]) {
    if (hours < 1 || hours > 12) return null;
    hours = hours % 12 + (match[4].toUpperCase() === "PM" ? 12 : 0);
  }
  return { hours, minutes: Number(match[2]), seconds: Number(match[3] ?? 0) };
}

function parseDate(text: string): Pick<Moment, "years" | "months" | "days"> {
  const yearFirst = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})$/.exec(text);
  if (yearFirst) {
    return {
      years: Number(yearFirst[1]),
      months: Number(yearFirst[2]),
      days: Number(yearFirst[3]),
    };
  }
  const monthFirst = /^(\d{1,2})[-/](\d{1,2})[-/](\d{4}|\d{2})$/.exec(text);
  if (!monthFirst) throw new SaltInvocationError("Invalid date format");
  const short = monthFirst[3]!.length === 2;
  const years = Number(monthFirst[3]) + (short ? Number(monthFirst[3]) < 69 ? 2000 : 1900 : 0);
  return { years, months: Number(monthFirst[1]), days: Number(monthFirst[2]) };
}

function readInfo(): string {
  try {
    return readFileSync(machineInfo, "utf8");
  } catch {
    return "";
  }
}

async function description(ctx: ExecContext): Promise<Data> {
  let text: string | undefined;
  if (which("hostnamectl")) {
    text = await tell(ctx, ["hostnamectl", "status", "--pretty"]);
  } else {
    const lines = [...readInfo().matchAll(/^\s*PRETTY_HOSTNAME=(.*)$/gm)];
    text = lines.at(-1)?.[1]?.trim().replace(/^(["'])(.*)\1$/, "$2");
  }
  if (text === undefined) return false;
  return text.replaceAll("\\\\", "\\").replaceAll('\\"', '"').replaceAll("\\n", "\n")
    .replaceAll("\\t", "\t");
}

async function describe(ctx: ExecContext, text: string): Promise<boolean> {
  const escaped = text.replaceAll('"', '\\"').replaceAll("\n", "\\n").replaceAll("\t", "\\t");
  if (which("hostnamectl")) {
    const argv = ["hostnamectl", "set-hostname", "--pretty", escaped];
    return (await runProgram(ctx, argv)).retcode === 0;
  }
  const line = `PRETTY_HOSTNAME="${escaped}"`;
  const before = readInfo();
  const after = /^\s*PRETTY_HOSTNAME=.*$/m.test(before)
    ? before.replace(/^\s*PRETTY_HOSTNAME=.*$/m, () => line)
    : `${before}${before === "" || before.endsWith("\n") ? "" : "\n"}${line}\n`;
  atomicWriteSync(machineInfo, after);
  return true;
}

/** The module `system`. */
export const system = executionModule({
  name: "system",
  doc: "The machine's power, clock and names.",
  functions: {
    halt: fn({
      doc: "Stops the machine.",
      args: {},
      example: "salt '*' system.halt",
      run: (ctx) => tell(ctx, ["halt"]),
    }),
    poweroff: fn({
      doc: "Turns the machine off.",
      args: {},
      example: "salt '*' system.poweroff",
      run: (ctx) => tell(ctx, ["poweroff"]),
    }),
    reboot: fn({
      doc: "Starts the machine anew.",
      args: { at_time: atTime },
      example: "salt '*' system.reboot\nsalt '*' system.reboot at_time=10",
      run: (ctx, args) => tell(ctx, ["shutdown", "-r", when(args.at_time)]),
    }),
    shutdown: fn({
      doc: "Shuts the machine down.",
      args: { at_time: atTime },
      example: "salt '*' system.shutdown 5",
      run: (ctx, args) => tell(ctx, ["shutdown", "-h", when(args.at_time)]),
    }),
    init: fn({
      doc: "Changes the run level.",
      args: { runlevel: { type: "string", required: true, doc: "The run level." } },
      example: "salt '*' system.init 3",
      run(ctx, { runlevel }) {
        if (!/^[0-9a-zA-Z]$/.test(runlevel)) {
          throw new SaltInvocationError(`"${runlevel}" is not a run level`);
        }
        return tell(ctx, ["init", runlevel]);
      },
    }),
    get_system_time: fn({
      doc: "Returns the time of day.",
      args: { utc_offset: utcOffset },
      example: "salt '*' system.get_system_time",
      run: (_ctx, args) => strftime("%I:%M:%S %p", timeAt(args.utc_offset)),
    }),
    get_system_date: fn({
      doc: "Returns the date.",
      args: { utc_offset: utcOffset },
      example: "salt '*' system.get_system_date",
      run: (_ctx, args) => strftime("%a %m/%d/%Y", timeAt(args.utc_offset)),
    }),
    get_system_date_time: fn({
      doc: "Returns date and time.",
      args: { utc_offset: utcOffset },
      example: "salt '*' system.get_system_date_time \"'-0500'\"",
      run: (_ctx, args) => strftime("%Y-%m-%d %H:%M:%S", timeAt(args.utc_offset)),
    }),
    set_system_time: fn({
      doc: "Sets the time of day.",
      args: {
        newtime: {
          type: "string",
          required: true,
          doc: "`HH:MM[:SS]`, AM or PM behind it if wished.",
        },
        utc_offset: utcOffset,
      },
      example: "salt '*' system.set_system_time 11:31:15 AM",
      run(ctx, args) {
        const time = parseTime(args.newtime);
        return time ? setClock(ctx, { ...nothing, ...time, utc_offset: args.utc_offset }) : false;
      },
    }),
    set_system_date: fn({
      doc: "Sets the date.",
      args: {
        newdate: { type: "string", required: true, doc: "`YYYY-MM-DD`, `MM/DD/YYYY` …" },
        utc_offset: utcOffset,
      },
      example: "salt '*' system.set_system_date '03-28-13'",
      run: (ctx, args) =>
        setClock(ctx, { ...nothing, ...parseDate(args.newdate), utc_offset: args.utc_offset }),
    }),
    set_system_date_time: fn({
      doc: "Sets date and time; what is left out stays.",
      args: {
        years: { type: "int", doc: "The year." },
        months: { type: "int", doc: "The month." },
        days: { type: "int", doc: "The day of the month." },
        hours: { type: "int", doc: "The hour." },
        minutes: { type: "int", doc: "The minute." },
        seconds: { type: "int", doc: "The second." },
        utc_offset: utcOffset,
      },
      example: "salt '*' system.set_system_date_time 2015 5 12 11 37 53 \"'-0500'\"",
      run: (ctx, args) => setClock(ctx, args),
    }),
    has_settable_hwclock: fn({
      doc: "Says whether there is a hardware clock that can be set.",
      args: {},
      example: "salt '*' system.has_settable_hwclock",
      run: (ctx) => hasSettableClock(ctx),
    }),
    get_computer_desc: fn({
      doc: "Returns the description of this machine.",
      args: {},
      example: "salt '*' system.get_computer_desc",
      run: (ctx) => description(ctx),
    }),
    set_computer_desc: fn({
      doc: "Sets the description of this machine.",
      args: { desc: { type: "string", required: true, doc: "The description." } },
      example: "salt '*' system.set_computer_desc \"Michael's laptop\"",
      run: (ctx, { desc }) => describe(ctx, desc),
    }),
    get_computer_name: fn({
      doc: "Returns the name of this machine.",
      args: {},
      example: "salt '*' system.get_computer_name",
      run: (ctx) => ctx.salt("network.get_hostname"),
    }),
    set_computer_name: fn({
      doc: "Changes the name of this machine.",
      args: { hostname: { type: "string", required: true, doc: "The new name." } },
      example: "salt '*' system.set_computer_name master.saltstack.com",
      run: (ctx, { hostname }) => ctx.salt("network.mod_hostname", [hostname]),
    }),
    set_reboot_required_witnessed: fn({
      doc: "Notes, until the machine starts anew, that it has to.",
      args: {},
      example: "salt '*' system.set_reboot_required_witnessed",
      run() {
        mkdirSync(dirname(rebootWitness), { recursive: true });
        writeFileSync(rebootWitness, "");
        return true;
      },
    }),
    get_reboot_required_witnessed: fn({
      doc: "Says whether it was noted that the machine has to start anew.",
      args: {},
      example: "salt '*' system.get_reboot_required_witnessed",
      run: () => existsSync(rebootWitness),
    }),
  },
});
