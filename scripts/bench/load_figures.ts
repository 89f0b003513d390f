/**
 * What a master does for many at once: events to readers of its bus, publications, files.
 * @module
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type SaltVersion, venvBin } from "../venvs.ts";
import { runtime } from "../../src/runtime/mod.ts";
import { packWire, unpack } from "../../src/serializers/msgpack.ts";
import { isMap } from "../../src/types/mod.ts";
import type { Software } from "../../tests/support/software.ts";
import { nodeProgram } from "../node_program.ts";
import { single } from "./measure.ts";
import type { Row } from "./report.ts";
import { checked, startSwarm } from "./scale_figures.ts";
import { Subject } from "./subject.ts";
import type { Swarm } from "./swarm/swarm.ts";

/** Bytes of the file that is served. */
const FILE_BYTES = 16 * 1024 * 1024;

/** Connections that publish at the same time. */
const PUBLISHERS = 8;

const MIB = 1024 * 1024;

/** Measures all of it with `count` minions. */
export async function loadFigures(
  software: Software,
  count: number,
  seconds: number,
): Promise<Row[]> {
  const rows: Row[] = [];
  const row = (name: string, unit: Row["unit"], value: number, more: boolean) => {
    rows.push({ name, unit, more, values: { [software]: single(value) } });
  };
  const files = await mkdtemp(join(tmpdir(), "sx-files-"));
  await using _removed = {
    [Symbol.asyncDispose]: () => rm(files, { recursive: true, force: true }),
  };
  await writeFile(join(files, "big.bin"), randomBytes(FILE_BYTES));
  await using subject = await Subject.start(software, { file_roots: { base: [files] } });
  await using swarm = await startSwarm(subject, count);
  checked(await swarm.order({ do: "sign-in" }), "sign-in");
  checked(await swarm.order({ do: "listen" }), "listen");
  for (const readers of [1, 10]) {
    const rate = await busRate(subject, swarm, readers, seconds);
    row(`events a second that reach each of ${readers} readers of the bus`, "/s", rate, true);
  }
  row("publications a second", "/s", await publishRate(subject, seconds), true);
  for (const minions of [1, 50].filter((some) => some <= count)) {
    const report = await swarm.order({ do: "fetch", path: "big.bin", minions });
    checked(report, "files");
    const rate = minions * FILE_BYTES / MIB / report.seconds;
    row(`files served to ${minions} simulated minions at once`, "MiB/s", rate, true);
  }
  return rows;
}

/** Reads all events of a master's bus, and says how many there were when its input ends. */
const REAL_READER = `
import sys, threading, salt.config, salt.utils.event
opts = salt.config.master_config(sys.argv[1] + "/master")
bus = salt.utils.event.get_event("master", opts=opts, listen=True)
bus.connect_pub()
print("ready", flush=True)
count = 0
over = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
while not over.is_set():
    event = bus.get_event(wait=0.2, tag="bench/", full=True)
    if event:
        count += 1
print(count, flush=True)
`;

function reader(subject: Subject) {
  const { configDir, sockDir } = subject.master;
  if (subject.software === "saltx") {
    const script = join(import.meta.dirname ?? ".", "bus_reader.ts");
    const flags = ["--disable-warning=ExperimentalWarning", script, sockDir];
    return spawn(nodeProgram(), flags, { stdio: ["pipe", "pipe", "inherit"] });
  }
  const python = join(venvBin(subject.software as SaltVersion), "python3");
  return spawn(python, ["-c", REAL_READER, configDir], { stdio: ["pipe", "pipe", "ignore"] });
}

/** Events a second that the slowest of some readers got while the swarm fired all it could. */
async function busRate(
  subject: Subject,
  swarm: Swarm,
  count: number,
  seconds: number,
): Promise<number> {
  const readers = Array.from({ length: count }, () => reader(subject));
  const lines = readers.map(({ stdout }) =>
    createInterface({ input: stdout! })[Symbol.asyncIterator]()
  );
  for (const line of lines) await line.next();
  const report = await swarm.order({ do: "flood", what: "event", ms: seconds * 1000 });
  checked(report, "events");
  for (const { stdin } of readers) stdin!.end();
  const counts = await Promise.all(lines.map(async (line) => Number((await line.next()).value)));
  await Promise.all(readers.map((child) => child.exitCode ?? once(child, "exit")));
  return Math.min(...counts) / report.seconds;
}

/** Publications to one minion, from programs of the master's host. */
async function publishRate(subject: Subject, seconds: number): Promise<number> {
  const request = packWire(await subject.publication("test.ping", { tgt: ["sim-0"] }));
  const { host, requestPort } = subject.master.endpoint;
  const end = performance.now() + seconds * 1000;
  const start = performance.now();
  let done = 0;
  await Promise.all(Array.from({ length: PUBLISHERS }, async () => {
    const socket = await runtime.openSocket("req", { linger: 0 });
    socket.connect(`tcp://${host}:${requestPort}`);
    while (performance.now() < end) {
      await socket.send(request);
      const [reply] = await socket.receive(60_000);
      const answer = unpack(reply ?? new Uint8Array());
      if (!isMap(answer) || !isMap(answer["load"])) {
        throw new Error(`a publication was answered ${JSON.stringify(answer)}`);
      }
      done += 1;
    }
    socket.close();
  }));
  return done / ((performance.now() - start) / 1000);
}
