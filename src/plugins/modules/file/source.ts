/** Where files come from: `file.source_list`, `file.get_diff` @module */
import { fileURLToPath } from "node:url";
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { type Data, isMap } from "../../../types/mod.ts";
import { parseSaltUrl } from "../cp/fetch.ts";
import { diffOf, looksLikeText, readBytes } from "./edit.ts";
import { pathExists } from "./paths.ts";
import { protocolOf, withoutLogin } from "./sums.ts";

/** Whether there is anything at an address. */
async function isThere(ctx: ExecContext, address: string, saltenv: string): Promise<boolean> {
  const protocol = protocolOf(address);
  if (protocol === "salt") {
    const place = parseSaltUrl(address, saltenv)!;
    const lists = ["cp.list_master", "cp.list_master_dirs"].map((list) =>
      ctx.salt(list, [place.saltenv])
    );
    return (await Promise.all(lists)).some((list) =>
      Array.isArray(list) && list.includes(place.path)
    );
  }
  if (protocol === "file") return pathExists(fileURLToPath(address));
  if (protocol === "") return address.startsWith("/") && pathExists(address);
  if (protocol !== "http" && protocol !== "https") return false;
  const answer = await ctx.salt("http.query", [address], { method: "HEAD", decode: false });
  return isMap(answer) && answer["error"] === undefined;
}

/** The first source that is there, with its hash. */
async function firstSource(
  ctx: ExecContext,
  sources: readonly Data[],
  hash: Data,
  saltenv: string,
): Promise<[source: string, hash: Data]> {
  for (const source of sources) {
    const [address, own] = isMap(source)
      ? Object.entries(source)[0] ?? ["", null]
      : [pyStr(source), null];
    if (await isThere(ctx, address, saltenv)) return [address, own || hash];
  }
  throw new CommandExecutionError("none of the specified sources were found");
}

async function cachedFile(
  ctx: ExecContext,
  address: string,
  saltenv: string,
  source_hash: string | null,
): Promise<Uint8Array> {
  const path = await ctx.salt("cp.cache_file", [address, saltenv], { source_hash });
  if (!path) {
    throw new CommandExecutionError(
      `Failed to cache one or more files: File ${withoutLogin(address)} not found`,
    );
  }
  return readBytes(pyStr(path));
}

/** How two contents of which one is no text differ; an empty text when both are text. */
function binaryChange(before: Uint8Array, after: Uint8Array): string {
  const [was, is] = [looksLikeText(before), looksLikeText(after)];
  if (was && is) return "";
  if (!was && !is) return "Replace binary file";
  return was ? "Replace text file with binary file" : "Replace binary file with text file";
}

const sourceHash = {
  type: "string",
  default: null,
  doc: "Hash of the file; one that is in the cache and has it is not fetched again.",
} as const;

/** Functions about sources. */
export const sourceFunctions = {
  apply_template_on_contents: fn({
    doc: "Returns a text rendered as a template.",
    args: {
      contents: { type: "string", required: true, doc: "The template." },
      template: { type: "string", required: true, doc: "The engine; there is `jinja`." },
      context: { type: "map", required: true, doc: "Variables." },
      defaults: { type: "map", required: true, doc: "Those that `context` does not have." },
      saltenv: { type: "string", required: true, doc: "Environment of what it includes." },
    },
    example: "salt '*' file.apply_template_on_contents " +
      "contents='This is a {{ template }} string.' template=jinja " +
      "\"context={}\" \"defaults={'template': 'cool'}\" saltenv=base",
    async run(ctx, args) {
      if (args.template !== "jinja") {
        const comment = `Specified template format ${args.template} is not supported`;
        return { result: false, comment };
      }
      const { renderTemplate } = await import("../../renderers/jinja.ts");
      return await renderTemplate(ctx, args.template, {
        name: "contents",
        text: args.contents,
        saltenv: args.saltenv,
        variables: { ...args.defaults, ...args.context },
      });
    },
  }),
  source_list: fn({
    doc: "Returns the first of some sources that is there, and its hash.",
    args: {
      source: {
        type: "any",
        required: true,
        doc: "An address or path, which is returned as it is, or a list of them; " +
          "one that has a hash of its own is a map of one key.",
      },
      source_hash: { type: "any", required: true, doc: "Hash of those that have none." },
      saltenv: { type: "string", required: true, doc: "Environment of `salt://` addresses." },
    },
    example: "salt '*' file.source_list salt://http/httpd.conf " +
      "\"{hash_type: 'md5', 'hsum': <md5sum>}\" base",
    run: (ctx, { source, source_hash, saltenv }) =>
      Array.isArray(source)
        ? firstSource(ctx, source, source_hash, saltenv)
        : [source, source_hash],
  }),
  get_diff: fn({
    doc: "Returns how two files differ, as a unified diff; an empty text when they are alike.",
    args: {
      file1: { type: "string", required: true, doc: "Path or address of the first file." },
      file2: { type: "string", required: true, doc: "Path or address of the second file." },
      saltenv: { type: "string", default: "base", doc: "Environment of `salt://` addresses." },
      show_filenames: { type: "bool", default: true, doc: "Name the files in the first lines." },
      show_changes: {
        type: "bool",
        default: true,
        doc: "Show the lines, not only that they differ.",
      },
      template: { type: "bool", default: false, doc: "The files are rendered templates." },
      source_hash_file1: sourceHash,
      source_hash_file2: sourceHash,
    },
    example: "salt '*' file.get_diff /home/fred/.vimrc salt://users/fred/.vimrc",
    async run(ctx, args) {
      if (args.file1 === "" || args.file2 === "") {
        throw new SaltInvocationError("file.get_diff needs two files");
      }
      const before = await cachedFile(ctx, args.file1, args.saltenv, args.source_hash_file1);
      const after = await cachedFile(ctx, args.file2, args.saltenv, args.source_hash_file2);
      if (Buffer.compare(before, after) === 0) return "";
      if (args.template && ctx.opts["obfuscate_templates"]) return "<Obfuscated Template>";
      if (!args.show_changes) return "<show_changes=False>";
      const names: [string, string] = args.show_filenames ? [args.file1, args.file2] : ["", ""];
      return binaryChange(before, after) || diffOf(before, after, ...names);
    },
  }),
};
