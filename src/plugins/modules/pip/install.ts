/** Packages that come and go: `pip.install`, `pip.uninstall`. @module */
import { existsSync } from "node:fs";
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";
import { flag } from "../_arguments.ts";
import { environment, forgetVersion, isSince, pip, type PipPlace } from "./run.ts";
import { requirementOptions } from "./requirements.ts";

/** A list, or texts with commas between. */
function list(value: Data): string[] {
  if (value === null || value === "") return [];
  if (Array.isArray(value)) return value.map(pyStr);
  return pyStr(value).split(",").map((one) => one.trim()).filter(Boolean);
}

function isUrl(text: string): boolean {
  return /^(https?|ftp|file):\/\/\S+$/i.test(text);
}

function checkUrl(text: string): string {
  if (isUrl(text)) return text;
  throw new CommandExecutionError(`'${text}' is not a valid URL`);
}

/** A package, which must not be an option. */
function packageWords(value: Data): string[] {
  return list(value).map((name) => {
    if (!name.startsWith("-")) return name.replaceAll(";", ",");
    throw new SaltInvocationError(`"${name}" cannot be a package`);
  });
}

function editableWords(value: Data): string[] {
  return list(value).flatMap((entry) => {
    const plain = entry === "." || /^(file:\/\/|\/)/.test(entry);
    if (!plain && !/(?:#|#.*?&)egg=[^&]+/.test(entry)) {
      throw new CommandExecutionError("You must specify an egg for this editable");
    }
    return ["--editable", entry];
  });
}

function extraWords(value: Data): string[] {
  return (value === null ? [] : [value].flat()).flatMap((arg) => {
    if (!isMap(arg)) return [pyStr(arg)];
    return Object.entries(arg).flatMap(([key, one]) => {
      if (isMap(one) || Array.isArray(one)) {
        throw new SaltInvocationError(`Too many levels in: ${key}`);
      }
      return [key, pyStr(one)];
    });
  });
}

/** The proxy of a call, or of the options. */
function proxyWords(ctx: ExecContext, proxy: Data): string[] {
  if (proxy) return ["--proxy", pyStr(proxy)];
  const option = (key: string) => {
    const value = ctx.opts[key as keyof typeof ctx.opts] as Data | undefined;
    return value ? pyStr(value) : "";
  };
  const [host, port] = [option("proxy_host"), option("proxy_port")];
  if (proxy === false || host === "" || port === "") return [];
  const [name, password] = [option("proxy_username"), option("proxy_password")];
  const login = name && password ? `${name}:${password}@` : "";
  return ["--proxy", `http://${login}${host}:${port}`];
}

function timeoutWords(timeout: Data): string[] {
  if (!timeout) return [];
  if (/^\d+$/.test(pyStr(timeout))) return ["--timeout", pyStr(timeout)];
  throw new SaltInvocationError(`'${pyStr(timeout)}' is not a valid timeout, must be an integer`);
}

interface Install {
  [key: string]: unknown;
  pkgs: Data;
  requirements: Data;
  editable: Data;
  bin_env: string | null;
  user: string | null;
  cwd: string | null;
  saltenv: string;
  env_vars: Data;
  kwargs: DataMap;
}

/** Options that only carry a value: argument and option. */
const valued: readonly [key: string, option: string][] = [
  ["log", "--log"],
  ["build", "--build"],
  ["target", "--target"],
  ["download", "--download"],
  ["source", "--source"],
  ["exists_action", "--exists-action"],
  ["cert", "--cert"],
  ["trusted_host", "--trusted-host"],
];
/** Options that are there or not. */
const flags: readonly [key: string, option: string][] = [
  ["no_index", "--no-index"],
  ["disable_version_check", "--disable-pip-version-check"],
  ["upgrade", "--upgrade"],
  ["force_reinstall", "--force-reinstall"],
  ["ignore_installed", "--ignore-installed"],
  ["no_deps", "--no-deps"],
  ["no_install", "--no-install"],
  ["no_download", "--no-download"],
  ["no_cache_dir", "--no-cache-dir"],
  ["pre_releases", "--pre"],
  ["allow_all_external", "--allow-all-external"],
  ["process_dependency_links", "--process-dependency-links"],
];
/** Options that come once for each value. */
const repeated: readonly [key: string, option: string][] = [
  ["global_options", "--global-option"],
  ["install_options", "--install-option"],
  ["allow_external", "--allow-external"],
  ["allow_unverified", "--allow-unverified"],
];

function indexWords(args: Install): string[] {
  const [index, extra] = [args["index_url"], args["extra_index_url"]] as (string | null)[];
  if (args["no_index"] && (index || extra)) {
    throw new CommandExecutionError(
      "'no_index' and ('index_url' or 'extra_index_url') are mutually exclusive.",
    );
  }
  const links = list(args["find_links"] as Data).flatMap((link) => {
    if (isUrl(link) || existsSync(link)) return ["--find-links", link];
    throw new CommandExecutionError(`'${link}' is not a valid URL or path`);
  });
  return [
    ...links,
    ...(index ? ["--index-url", checkUrl(index)] : []),
    ...(extra ? ["--extra-index-url", checkUrl(extra)] : []),
  ];
}

/** All options but those of requirements and packages. */
function optionWords(ctx: ExecContext, args: Install): string[] {
  const text = (key: string) => args[key] ? pyStr(args[key] as Data) : "";
  const binary = list(args["no_binary"] as Data);
  const cache = text("download_cache") || text("cache_dir");
  return [
    ...(binary.length > 0 ? ["--no-binary", binary.join(",")] : []),
    ...proxyWords(ctx, args["proxy"] as Data),
    ...timeoutWords(args["timeout"] as Data),
    ...indexWords(args),
    ...valued.flatMap(([key, option]) => text(key) === "" ? [] : [option, text(key)]),
    ...(cache === "" ? [] : ["--cache-dir", cache]),
    ...flags.flatMap(([key, option]) => args[key] ? [option] : []),
    ...repeated.flatMap(([key, option]) => list(args[key] as Data).flatMap((one) => [option, one])),
  ];
}

async function checkAge(ctx: ExecContext, args: Install, place: PipPlace): Promise<void> {
  if ((args["use_wheel"] || args["no_use_wheel"]) && await isSince(ctx, place, "9.0.4")) {
    ctx.log.error("use_wheel and no_use_wheel are for pip before 9.0.4; they are left out");
  }
  if (args["mirrors"] && await isSince(ctx, place, "7.0.0")) {
    throw new CommandExecutionError(
      "pip >= 7.0.0 does not support mirror argument: use index_url and/or extra_index_url instead",
    );
  }
}

async function install(ctx: ExecContext, args: Install): Promise<DataMap> {
  const place: PipPlace = { bin_env: args.bin_env, user: args.user, cwd: args.cwd };
  await checkAge(ctx, args, place);
  const options = optionWords(ctx, args);
  const packages = packageWords(args.pkgs);
  if (packages.length === 0 && !args.requirements && !args.editable) {
    return { retcode: 0, stdout: "No packages to install." };
  }
  const words = [...options, ...packages, ...editableWords(args.editable)];
  const extra = extraWords(args["extra_args"] as Data);
  const env = environment(args.env_vars);
  const files = await requirementOptions(ctx, args.requirements, args);
  try {
    const argv = ["install", ...files.words, ...words, ...extra];
    return await pip(ctx, argv, place, { env, kwargs: args.kwargs });
  } finally {
    files.clean();
    forgetVersion(ctx, place);
  }
}

async function uninstall(
  ctx: ExecContext,
  args: {
    pkgs: Data;
    requirements: Data;
    bin_env: string | null;
    log: string | null;
    proxy: Data;
    timeout: Data;
    user: string | null;
    cwd: string | null;
    saltenv: string;
    extra_args: Data;
  },
): Promise<DataMap> {
  const place: PipPlace = { bin_env: args.bin_env, user: args.user, cwd: args.cwd };
  timeoutWords(args.timeout);
  const words = [
    ...(args.log ? ["--log", args.log] : []),
    ...proxyWords(ctx, args.proxy),
    ...packageWords(args.pkgs),
    ...extraWords(args.extra_args),
  ];
  const files = await requirementOptions(ctx, args.requirements, args);
  try {
    return await pip(ctx, ["uninstall", "-y", ...files.words, ...words], place);
  } finally {
    files.clean();
    forgetVersion(ctx, place);
  }
}

/** Arguments that say which pip, and how. */
export const placeArgs = {
  bin_env: {
    type: "string",
    default: null,
    doc: "A virtual environment, an interpreter or a pip; the system's.",
  },
  user: { type: "string", default: null, doc: "User to run it as." },
  cwd: { type: "string", default: null, doc: "Folder to run it in." },
} as const;
const { bin_env, user, cwd } = placeArgs;
const text = (doc: string) => ({ type: "string", default: null, doc }) as const;
const anything = (doc: string) => ({ type: "any", default: null, doc }) as const;
const old = "For old versions of pip.";

/** Functions that change what is installed. */
export const installFunctions = {
  install: fn({
    doc: "Installs packages. Returns how pip ended, as `cmd.run_all` does.",
    args: {
      pkgs: anything("Packages, a list or with commas between; also with versions."),
      requirements: anything("Files of requirements: paths or `salt://`."),
      bin_env,
      use_wheel: flag(old),
      no_use_wheel: flag(old),
      log: text("File to write a log to."),
      proxy: anything("Proxy; that of the options. False for none."),
      timeout: anything("Seconds to wait for a server."),
      editable: anything("Checkouts to install from, with `#egg=NAME`."),
      find_links: anything("URLs or paths to look for packages."),
      index_url: text("URL of the index of packages."),
      extra_index_url: text("URL of a further index."),
      no_index: flag("Use no index."),
      mirrors: anything(old),
      build: text(old),
      target: text("Folder to install into."),
      download: text("Folder to fetch into, without installing."),
      download_cache: text("Folder that fetched packages are kept in."),
      source: text("Folder to check out editable packages in."),
      upgrade: flag("Upgrade to the newest version."),
      force_reinstall: flag("Install anew what is there."),
      ignore_installed: flag("Do not regard what is there."),
      exists_action: text("What to do when a path is there."),
      no_deps: flag("Without what packages depend on."),
      no_install: flag(old),
      no_download: flag(old),
      global_options: anything("Options for setup.py before its command."),
      install_options: anything("Options for its command install."),
      user,
      cwd,
      pre_releases: flag("Also versions before a release."),
      cert: text("File of the certificates to trust."),
      allow_all_external: flag(old),
      allow_external: anything(old),
      allow_unverified: anything(old),
      process_dependency_links: flag(old),
      saltenv: { type: "string", default: "base", doc: "Environment of `salt://`." },
      env_vars: anything("Map of variables."),
      use_vt: flag("Has no effect."),
      trusted_host: text("Host whose certificate is not checked."),
      no_cache_dir: flag("Keep no fetched packages."),
      extra_args: anything("List of more arguments."),
      cache_dir: text("Folder that fetched packages are kept in."),
      no_binary: anything("Packages to build from their source, or :all:."),
      disable_version_check: flag("Do not look for a newer pip."),
      kwargs: { type: "map", keywords: true, doc: "As of `cmd.run_all`." },
    },
    example: "salt '*' pip.install <package name>,<package2 name>\n" +
      "salt '*' pip.install requirements=/path/to/requirements.txt\n" +
      "salt '*' pip.install <package name> bin_env=/path/to/virtualenv",
    run: install,
  }),
  uninstall: fn({
    doc: "Removes packages. Returns how pip ended, as `cmd.run_all` does.",
    args: {
      pkgs: anything("Packages, a list or with commas between."),
      requirements: anything("Files of requirements: paths or `salt://`."),
      bin_env,
      log: text("File to write a log to."),
      proxy: anything("Proxy; that of the options. False for none."),
      timeout: anything("Has no effect."),
      user,
      cwd,
      saltenv: { type: "string", default: "base", doc: "Environment of `salt://`." },
      use_vt: flag("Has no effect."),
      extra_args: anything("List of more arguments."),
    },
    example: "salt '*' pip.uninstall <package name>,<package2 name>\n" +
      "salt '*' pip.uninstall requirements=/path/to/requirements.txt",
    run: uninstall,
  }),
};
