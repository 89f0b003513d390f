/** The guide from one master to three works as it stands there: its own lines are what runs. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Guests } from "../support/guests.ts";
import { scenario } from "../support/scenario.ts";
import { projectRoot } from "../support/software.ts";
import { until } from "../support/until.ts";

/** One line of a block, and the host that it is for. */
interface Line {
  host: string;
  text: string;
}

/** The numbered parts of a section, each with its blocks: commands, or the text of a file. */
async function partsOf(title: string): Promise<{ name: string; blocks: (Line[] | string)[] }[]> {
  const page = await readFile(join(projectRoot, "docs/guide/masters.md"), "utf8");
  const section = page.split(`\n## ${title}\n`)[1]!.split("\n## ")[0]!;
  return section.split(/\n\*\*\d\. /).slice(1).map((part) => ({
    name: part.split("**")[0]!,
    blocks: [...part.matchAll(/```(yaml)?\n([^]*?)```/g)].map(([, kind, text = ""]) =>
      kind ? text : text.trim().split("\n").map(readLine)
    ),
  }));
}

function readLine(line: string): Line {
  const [, host, text] = /^(\w+)# (.*)$/.exec(line) ?? [];
  assert.ok(host && text, `What is "${line}"?`);
  return { host, text };
}

scenario("docs/guide/masters.md from one master to three", async (lab, step) => {
  await using hosts = await Guests.open(lab, "m1", "m2", "m3", "w1");
  const lines: string[] = [];
  const run = async ({ host, text }: Line) => {
    const result = await hosts.shell(host, text);
    lines.push(`${host}# ${text}\n${result.stdout}${result.stderr}`);
    return result;
  };
  /** A ping is asked again while the minion is on its way, unless the guide says that it need not be. */
  const obey = async (line: Line) => {
    if (line.text.startsWith("saltx key -y -a ")) {
      const id = line.text.split(" ").at(-1)!;
      await until(`the key of ${id}`, async () => {
        return (await hosts.shell(line.host, "saltx key -l un")).stdout.includes(id);
      });
    }
    if (!line.text.includes("test.ping")) {
      const { code, stderr } = await run(line);
      return assert.equal(code, 0, `${line.text}: ${stderr}`);
    }
    const answers = async () => /w1:\s+True/.test((await run(line)).stdout);
    if (/first command/.test(line.text)) assert.ok(await answers(), lines.at(-1)!);
    else await until(`w1 to answer ${line.host}`, answers, 60_000);
  };
  const parts = await partsOf("From one master to three");
  // "A third master is added as the second was, and named in the list."
  const again = (block: Line[] | string) =>
    (block as Line[]).map((line) => ({
      host: line.host.replaceAll("m2", "m3"),
      text: line.text.replaceAll("m2", "m3"),
    }));
  const [, second, known, third, signed] = parts.map(({ blocks }) => blocks);
  third!.unshift(
    ...second!.map(again),
    (known![0] as string).replaceAll("m2", "m2, m3"),
    known![1]!,
  );
  signed!.splice(2, 0, again(signed![1]!));
  assert.equal(parts.length, 5);
  await hosts.shell(
    "m1",
    "mkdir -p /etc/salt/master.d /srv/salt /srv/pillar && touch /etc/salt/master",
  );
  await hosts.shell("m1", "printf 'timeout: 30\\nlog_level_logfile: info\\n' > /etc/salt/master");
  let done = 0;
  try {
    for (const { name, blocks } of parts) {
      await step(name, async () => {
        for (const block of blocks) {
          if (typeof block === "string") {
            await hosts.shell("m1", `printf '%s' '${block}' > masters.conf`);
          } else for (const line of block) await obey(line);
        }
        done += 1;
      });
    }
    await step("all three masters command the minion", async () => {
      for (const host of ["m1", "m2", "m3"]) {
        await until(`w1 to answer ${host}`, async () => {
          return /w1:\s+True/.test((await hosts.shell(host, "saltx salt '*' test.ping")).stdout);
        }, 60_000);
      }
      done += 1;
    });
  } finally {
    if (done <= parts.length) {
      console.error(lines.join("\n"));
      for (const host of ["m1", "m2", "m3", "w1"]) {
        console.error(host, (await hosts.shell(host, "tail -n 100 /var/log/salt/*")).stdout);
      }
    }
  }
});
