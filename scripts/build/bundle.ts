/**
 * One CommonJS file out of the sources, in which what is imported dynamically stays unevaluated
 * until it is asked for.
 * @module
 */
import * as esbuild from "esbuild";
import { join } from "node:path";
import { THREAD_MARK } from "../../src/runtime/node_embedded.ts";

/** Deno's adapter is of no use in the executable, which is Node's. */
const withoutDeno: esbuild.Plugin = {
  name: "without-deno",
  setup(build) {
    build.onLoad({ filter: /src\/runtime\/deno\.ts$/ }, () => ({
      contents: `export function denoRuntime() { throw new Error("This is not Deno"); }`,
    }));
  },
};

/**
 * The YAML package is evaluated when it first reads something: most configuration files are so plain
 * that saltx reads them without it.
 */
const lazyYaml: esbuild.Plugin = {
  name: "lazy-yaml",
  setup(build) {
    const names = ["isAlias", "isMap", "isScalar", "isSeq", "parseDocument"];
    build.onResolve({ filter: /^yaml$/ }, ({ kind, path }) => {
      return kind === "import-statement" ? { path, namespace: "lazy-yaml" } : undefined;
    });
    build.onLoad({ filter: /.*/, namespace: "lazy-yaml" }, () => ({
      contents: "let found; const lib = () => found ??= require('yaml');\n" +
        names.map((name) => `export const ${name} = (...args) => lib().${name}(...args);\n`).join(
          "",
        ) +
        "export function LineCounter() { return new (lib().LineCounter)(); }\n",
      resolveDir: build.initialOptions.absWorkingDir!,
    }));
  },
};

/** @param main the module whose `runProgram` is the program, by its path from the root. */
export async function bundle(root: string, main = "./src/main.ts"): Promise<string> {
  try {
    const result = await esbuild.build({
      absWorkingDir: root,
      stdin: {
        contents: `if (globalThis.${THREAD_MARK}) import("./src/thread_main.ts");\n` +
          `else import(${JSON.stringify(main)}).then((main) => main.runProgram());\n`,
        resolveDir: root,
        sourcefile: "saltx.js",
      },
      bundle: true,
      write: false,
      platform: "node",
      target: "node26",
      // The launcher's script knows require() alone, also for what Node itself has.
      supported: { "dynamic-import": false },
      format: "cjs",
      charset: "ascii",
      minifySyntax: true,
      minifyWhitespace: true,
      legalComments: "none",
      define: { "import.meta.url": "undefined", "import.meta.main": "false" },
      plugins: [withoutDeno, lazyYaml],
      nodePaths: [join(root, "node_modules")],
      logLevel: "silent",
    });
    for (const { text, location } of result.warnings) {
      console.warn(`${location?.file}:${location?.line}: ${text}`);
    }
    return result.outputFiles[0]!.text;
  } finally {
    await esbuild.stop();
  }
}
