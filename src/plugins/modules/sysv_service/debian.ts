/** Services of Debian without systemd. (`salt/modules/debian_service.py`) @module */
import { globFiles } from "../../../fs/mod.ts";
import { type ExecContext, executionModule, fn } from "../../../loader/types.ts";
import { which } from "../../../process/mod.ts";
import { compareText } from "../../../text/py_text.ts";
import { runProgram } from "../_program.ts";
import { isBooted } from "../systemd_service/systemctl.ts";
import {
  actionFunctions,
  kwargsArg,
  listFunctions,
  nameArg,
  type Scripts,
  type ServiceFunctions,
  serviceWord,
  went,
} from "./common.ts";

async function runlevel(ctx: ExecContext): Promise<string> {
  if (which("runlevel") === null) return "2";
  const { stdout } = await runProgram(ctx, ["runlevel"], { ignoreRetcode: true });
  return /^\S+ (\w)$/.exec(stdout)?.[1] ?? "2";
}

/** The service of a link such as `S01cron`; undefined for what is none. */
export function linkedService(name: string): string | undefined {
  return /^S\d+(.+)$/.exec(name)?.[1];
}

async function enabled(ctx: ExecContext): Promise<string[]> {
  const links = globFiles(`/etc/rc[S${await runlevel(ctx)}].d/S*`);
  const names = links.map((path) => linkedService(path.slice(path.lastIndexOf("/") + 1)));
  return [...new Set(names.filter((name) => name !== undefined))].sort(compareText);
}

const scripts: Scripts = {
  async all(ctx) {
    const files = globFiles("/etc/init.d/*").map((path) => path.slice("/etc/init.d/".length));
    const names = [...files.filter((name) => name !== "README"), ...await enabled(ctx)];
    return [...new Set(names)].sort(compareText);
  },
  run: (ctx, name, action, ignoreRetcode) => went(ctx, ["service", name, action], ignoreRetcode),
};

async function disabled(ctx: ExecContext): Promise<string[]> {
  const on = await enabled(ctx);
  return (await scripts.all(ctx)).filter((name) => !on.includes(name));
}

const functions = {
  ...actionFunctions(scripts),
  ...listFunctions(scripts),
  force_reload: fn({
    doc: "Has a service read its configuration anew, or restarts it where it cannot.",
    args: { name: nameArg },
    example: "salt '*' service.force_reload <service name>",
    run: (ctx, { name }) => scripts.run(ctx, serviceWord(name), "force-reload"),
  }),
  get_enabled: fn({
    doc: "Lists the services that are started at boot.",
    args: {},
    example: "salt '*' service.get_enabled",
    run: (ctx) => enabled(ctx),
  }),
  get_disabled: fn({
    doc: "Lists the services that are not started at boot.",
    args: {},
    example: "salt '*' service.get_disabled",
    run: (ctx) => disabled(ctx),
  }),
  enable: fn({
    doc: "Has a service started at boot. Says whether that went well.",
    args: { name: nameArg, kwargs: kwargsArg },
    example: "salt '*' service.enable <service name>",
    async run(ctx, { name }) {
      const word = serviceWord(name);
      if (which("insserv") !== null && !await went(ctx, ["insserv", word])) return false;
      return await went(ctx, ["update-rc.d", word, "enable"]);
    },
  }),
  disable: fn({
    doc: "Has a service not started at boot. Says whether that went well.",
    args: { name: nameArg, kwargs: kwargsArg },
    example: "salt '*' service.disable <service name>",
    run: (ctx, { name }) => went(ctx, ["update-rc.d", serviceWord(name), "disable"]),
  }),
  enabled: fn({
    doc: "Says whether a service is started at boot.",
    args: { name: nameArg, kwargs: kwargsArg },
    example: "salt '*' service.enabled <service name>",
    run: async (ctx, { name }) => (await enabled(ctx)).includes(name),
  }),
  disabled: fn({
    doc: "Says whether there is a service that is not started at boot.",
    args: { name: nameArg },
    example: "salt '*' service.disabled <service name>",
    run: async (ctx, { name }) => (await disabled(ctx)).includes(name),
  }),
} satisfies ServiceFunctions;

/** The module `service` of Debian without systemd. */
export const debianService = executionModule({
  name: "debian_service",
  virtualname: "service",
  doc: "Services of Debian without systemd.",
  virtual: ({ grains }) =>
    (["Debian", "Raspbian", "Devuan", "NILinuxRT"].includes(String(grains["os"])) &&
      !isBooted()) ||
    "The debian_service module could not be loaded: unsupported OS family and/or systemd running.",
  functions,
});
