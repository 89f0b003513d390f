/**
 * The sources as scripts for the launcher: one for each group of modules that are needed together.
 *
 * A command then reads, compiles and evaluates only what it uses; in one script, all that there is
 * would have to be read first.
 * @module
 */
import * as esbuild from "esbuild";
import { basename, join } from "node:path";
import { ENTRY } from "../../src/runtime/node_embedded.ts";

/** The program as scripts. */
export interface Bundle {
  /** Sources by name. Each is a function of `require`, `module` and `exports`. */
  readonly scripts: ReadonlyMap<string, string>;
  /** Names of those that hold packages and nothing of ours. */
  readonly foreign: ReadonlySet<string>;
}

/** Deno's adapter is of no use in the executable, which is Node's. */
const withoutDeno: esbuild.Plugin = {
  name: "without-deno",
  setup(build) {
    build.onLoad({ filter: /src\/runtime\/deno\.ts$/ }, () => ({
      contents: `export function denoRuntime() { throw new Error("This is not Deno"); }`,
    }));
  },
};

interface LazyPackage {
  /** Its main file, below `node_modules`. */
  file: string;
  /** Functions that are imported from it by name; its default export needs no mention. */
  names?: readonly string[];
  /** The same of classes. */
  classes?: readonly string[];
}

/** Packages that few commands use. */
const LAZY: Readonly<Record<string, LazyPackage>> = {
  // Most configuration files are so plain that saltx reads them without it.
  yaml: {
    file: "yaml/dist/index.js",
    names: ["isAlias", "isMap", "isScalar", "isSeq", "parseDocument"],
    classes: ["LineCounter"],
  },
  tweetnacl: { file: "tweetnacl/nacl-fast.js" },
};

/** What stands for a package: a module whose exports load the package's script when they are used. */
function lazyModule(name: string): string {
  const { names = [], classes = [] } = LAZY[name]!;
  return `let found; const lib = () => found ??= require("./${name}.js").default;\n` +
    `export default new Proxy({}, { get: (_, key) => lib()[key] });\n` +
    names.map((key) => `export const ${key} = (...args) => lib().${key}(...args);\n`).join("") +
    classes.map((key) =>
      `export function ${key}(...args) { return new (lib().${key})(...args); }\n`
    )
      .join("");
}

/** Each of the packages is a script of its own, run when something of it is first used. */
const lazyPackages: esbuild.Plugin = {
  name: "lazy-packages",
  setup(build) {
    const namespace = "lazy-package";
    build.onResolve({ filter: new RegExp(`^(${Object.keys(LAZY).join("|")})$`) }, (found) => {
      return found.kind === "import-statement" ? { path: found.path, namespace } : undefined;
    });
    build.onResolve({ filter: /^\./, namespace }, ({ path }) => ({ path, external: true }));
    build.onLoad({ filter: /.*/, namespace }, ({ path }) => ({ contents: lazyModule(path) }));
  },
};

/** @param main the module whose `runProgram` is the program, by its path from the root. */
export async function bundle(root: string, main = "./src/main.ts"): Promise<Bundle> {
  try {
    const result = await esbuild.build({
      absWorkingDir: root,
      entryPoints: {
        [basename(ENTRY.program, ".js")]: main,
        [basename(ENTRY.thread, ".js")]: "./src/thread_main.ts",
        ...Object.fromEntries(
          Object.entries(LAZY).map(([name, { file }]) => [name, join(root, "node_modules", file)]),
        ),
      },
      bundle: true,
      splitting: true,
      write: false,
      metafile: true,
      outdir: join(root, "dist"),
      platform: "node",
      target: "node26",
      format: "esm",
      charset: "ascii",
      minifySyntax: true,
      minifyWhitespace: true,
      legalComments: "none",
      define: { "import.meta.url": "undefined", "import.meta.main": "false" },
      plugins: [withoutDeno, lazyPackages],
      nodePaths: [join(root, "node_modules")],
      logLevel: "silent",
    });
    for (const { text, location } of result.warnings) {
      console.warn(`${location?.file}:${location?.line}: ${text}`);
    }
    const foreign = foreignScripts(result.metafile);
    const scripts = await Promise.all(result.outputFiles.map(async ({ path, text }) => {
      const name = basename(path);
      return [name, await toScript(text, foreign.has(name))] as const;
    }));
    return { scripts: new Map(scripts.sort(([a], [b]) => a < b ? -1 : 1)), foreign };
  } finally {
    await esbuild.stop();
  }
}

/** Scripts that hold packages and nothing of ours. */
function foreignScripts({ outputs }: esbuild.Metafile): Set<string> {
  const found = Object.entries(outputs).filter(([, { inputs }]) => {
    const files = Object.keys(inputs);
    return files.length > 0 && files.every((file) => file.includes("node_modules/"));
  });
  return new Set(found.map(([path]) => basename(path)));
}

/**
 * The launcher's scripts know require() alone, also for what Node itself has.
 *
 * @param foreign whether nobody reads the names in it: ours stand in the traces of `-l debug`.
 */
async function toScript(module: string, foreign: boolean): Promise<string> {
  const { code } = await esbuild.transform(module, {
    platform: "node",
    target: "node26",
    supported: { "dynamic-import": false },
    format: "cjs",
    charset: "ascii",
    minifySyntax: true,
    minifyWhitespace: true,
    minifyIdentifiers: foreign,
    legalComments: "none",
  });
  // esbuild's copy of the exports would put a second getter before each of them.
  const body = code.replace(/module\.exports=__toCommonJS\((\w+)\)/, "module.exports=$1");
  return `(function (require, module, exports) {${body}\n})`;
}
