/**
 * `test.ping` by a client that stays open, of saltx and of Salt alike.
 * @module
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { nodeProgram } from "../node_program.ts";
import { type SaltVersion, venvBin } from "../venvs.ts";
import type { Subject } from "./subject.ts";

/** The same as `pings.ts`, by Salt's own client. */
const REAL_PINGS = `
import json, sys, threading, time, salt.client
client = salt.client.LocalClient(sys.argv[1] + "/master")
over = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
print("ready", flush=True)
took = []
while not over.is_set():
    start = time.monotonic()
    if client.cmd([sys.argv[2]], "test.ping", tgt_type="list", timeout=120) != {sys.argv[2]: True}:
        sys.exit("no answer")
    took.append((time.monotonic() - start) * 1000)
print(json.dumps(took), flush=True)
`;

/** ms of each ping while something goes on. */
export async function pingsBeside(
  subject: Subject,
  minion: string,
  work: () => Promise<unknown>,
): Promise<number[]> {
  const child = pinger(subject, minion);
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  if ((await lines.next()).value !== "ready") throw new Error("the pings did not start");
  await work();
  child.stdin!.end();
  const { value } = await lines.next();
  if (child.exitCode === null) await once(child, "exit");
  if (value === undefined) throw new Error("a ping was not answered");
  return JSON.parse(value) as number[];
}

function pinger(subject: Subject, minion: string) {
  const { configDir } = subject.master;
  if (subject.software === "saltx") {
    const script = join(import.meta.dirname ?? ".", "pings.ts");
    const argv = ["--disable-warning=ExperimentalWarning", script, configDir, minion];
    return spawn(nodeProgram(), argv, { stdio: ["pipe", "pipe", "inherit"] });
  }
  const python = join(venvBin(subject.software as SaltVersion), "python3");
  const argv = ["-c", REAL_PINGS, configDir, minion];
  return spawn(python, argv, { stdio: ["pipe", "pipe", "ignore"] });
}
