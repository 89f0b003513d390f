/**
 * A master's events as text: a line each, tag, tab, data as JSON.
 * @module
 */
import { openEventClient } from "../../src/event/mod.ts";
import type { Lab } from "./lab.ts";
import type { Master } from "./master.ts";
import { commandOf } from "./software.ts";
import { TextLog } from "./text_log.ts";
import { until } from "./until.ts";

/** Events since it was opened. */
export interface EventLog {
  /** All lines so far. */
  readonly log: string;
  /** Waits for a line; see {@linkcode TextLog.line}. */
  line(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  stop(): Promise<unknown>;
}

/** Follows a master's event bus from now on. */
export async function followEvents(lab: Lab, master: Master): Promise<EventLog> {
  return master.software === "saltx" ? await followBus(master) : await followRealBus(lab, master);
}

async function followBus(master: Master): Promise<EventLog> {
  const client = await openEventClient({ node: "master", sockDir: master.sockDir });
  const events = client.subscribe("");
  await events.ready;
  const text = new TextLog("the event bus");
  const following = (async () => {
    for await (const { tag, data } of events) text.append(`${tag}\t${JSON.stringify(data)}\n`);
    text.end("is closed");
  })();
  return {
    get log() {
      return text.text;
    },
    line: (pattern, timeoutMs) => text.line(pattern, timeoutMs),
    stop: async () => {
      client.close();
      await following;
    },
  };
}

/** Real Salt's bus is no ZeroMQ; its own tool reads it. (`salt/runners/state.py:event`) */
async function followRealBus(lab: Lab, master: Master): Promise<EventLog> {
  const argv = [...commandOf(master.software, "run"), "-c", master.configDir];
  const tail = await lab.daemon("events", [...argv, "state.event", "pretty=False"]);
  await until("the event reader to hear", async () => {
    await master.run("event.send", "event_log/hello", "{}");
    return tail.log.includes("event_log/hello");
  });
  return tail;
}
