/**
 * Writes docs/ref/templates.md: the filters, tests, functions and tags that templates have, and those
 * of Salt that they do not have, with the reason.
 *
 *     deno run -A scripts/gen_docs_templates.ts [--check]
 * @module
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { filters, globalNames, SETTINGS, tests } from "../src/render/jinja/mod.ts";
import { TAGS } from "../src/render/jinja/parse.ts";

/** What real Salt's templates have and these have not. */
export const MISSING: Readonly<Record<string, string>> = {
  "filter `dns_check`": "asks the network; call `salt['dnsutil.A']`",
  "filter `file_hashsum`": "reads files; call `salt['file.get_hash']`",
  "filter `gen_mac`": "rarely used",
  "filter `get_uid`": "reads the host; call `salt['user.info']`",
  "filter `http_query`": "asks the network; call `salt['http.query']`",
  "filter `is_bin_file`": "reads files; call `salt['file.read']`",
  "filter `is_empty`": "reads files; call `salt['file.stats']`",
  "filter `is_text_file`": "reads files; call `salt['file.read']`",
  "filter `json_query`": "needs JMESPath; `traverse`, `selectattr` and `map` do most of it",
  "filter `list_files`": "reads folders; call `salt['file.readdir']`",
  "filter `mac_str_to_bytes`": "rarely used",
  "filter `urlize`": "makes HTML",
  "filter `which`": "reads the host; call `salt['cmd.which']`",
  "function `ifelse`": "call `salt['match.compound']`",
  "tag `autoescape`": "serves HTML; use the filter `escape`",
  "tag `trans`": "Salt does not load it either",
};

function names(list: readonly string[]): string {
  return [...list].sort().map((name) => `\`${name}\``).join(", ");
}

/** The page. */
export function templatesPage(): string {
  const missing = Object.entries(MISSING).map(([name, why]) => `| ${name} | ${why} |`).join("\n");
  return `# Templates

<!-- Written by scripts/gen_docs_templates.ts; change it there. -->

saltx renders Jinja templates itself, with Python's values and rules: \`True\`, \`None\`, whole
numbers of any size, slices, \`%\` and \`.format()\`, methods of texts, lists and dicts. More than 800
templates are compared with what real Salt makes of them. Of JavaScript nothing can be reached.

They are used by \`cp.get_template\`, by \`template=jinja\` of \`cp.get_file\`, \`cp.get_dir\`, \`cmd.run\`
and \`cmd.script\`, by \`file.apply_template_on_contents\` and by \`slsutil.renderer\`.

\`\`\`jinja
{% import_yaml 'nginx/defaults.yaml' as defaults %}
{% set conf = salt['slsutil.merge'](defaults, salt['pillar.get']('nginx', {})) %}
server {
  listen {{ conf.port }};
  server_name {{ grains['fqdn'] }};
{%- for name, path in conf.locations | dictsort %}
  location {{ name }} { root {{ path }}; }
{%- endfor %}
}
\`\`\`

## Variables

| Name | What it is |
| --- | --- |
| \`salt\` | execution modules: \`salt['cmd.run']('uptime')\`, \`salt.test.ping()\`, \`'x.y' in salt\` |
| \`grains\`, \`pillar\`, \`opts\` | as copies: a template changes nothing of the minion's |
| \`saltenv\` | the environment |
| others | the keywords of the call; those of \`context\` go before |

## Tags

${names(TAGS)}, \`raw\`

\`include\`, \`import\`, \`from\`, \`extends\` and \`import_yaml\` name files of \`salt://\`; what begins with
\`./\` or \`../\` lies beside the template, also in \`cp.get_template\`, where real Salt finds none.

## Filters

${names(Object.keys(filters))}

## Tests

${names(Object.keys(tests))}

## Functions

${names(globalNames)}, \`show_full_context\`

## Settings

\`jinja_env\`, \`jinja_trim_blocks\`, \`jinja_lstrip_blocks\` and the line \`#jinja2: {...}\` set
${names(SETTINGS)}. \`allow_undefined\` lets what is not there print as nothing.

## Limits

A template has at most 4 MiB and its output at most 64 MiB of characters; 10 million statements run;
macros, includes and blocks nest 150 deep; a range has 100,000 numbers, a network 65,536 hosts.

## Not here

| What | Why, and what instead |
| --- | --- |
${missing}

The engines \`mako\`, \`wempy\`, \`genshi\`, \`cheetah\` and \`py\` are Python's and are not here.
`;
}

if (import.meta.main) {
  const path = fileURLToPath(new URL("../docs/ref/templates.md", import.meta.url));
  const page = templatesPage();
  if (!process.argv.includes("--check")) await writeFile(path, page);
  else if (await readFile(path, "utf8") !== page) {
    console.error("docs/ref/templates.md is not up to date: run scripts/gen_docs_templates.ts");
    process.exit(1);
  }
}
