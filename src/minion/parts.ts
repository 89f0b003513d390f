/**
 * What a minion is put together from. Tests put other things in their place.
 * @module
 */
import { createMinionChannel } from "../channel/minion_channel.ts";
import type { MinionChannel, TransportFactory } from "../channel/types.ts";
import { type MinionOpts, transportOf } from "../config/mod.ts";
import { messageOf } from "../errors.ts";
import { type BusAddress, type EventBusServer, startEventBus } from "../event/mod.ts";
import type { BlockingCaller, ModuleRegistry } from "../loader/types.ts";
import { getLogger } from "../logging/mod.ts";
import { matches, type MinionFacts, type Nodegroups } from "../plugins/matchers/mod.ts";
import { runtime } from "../runtime/mod.ts";
import type { RaetTransport } from "../transport/raet/minion_road.ts";
import { zeromqTransport } from "../transport/zeromq/mod.ts";
import type { DataMap, MinionId, Target } from "../types/mod.ts";
import { type Clock, systemClock } from "../channel/clock.ts";
import { threadCaller } from "./function_caller.ts";
import type { JobJournal } from "./journal.ts";
import { type Resolver, systemResolver } from "./resolve.ts";
import type { ChannelWanted } from "./session.ts";

const log = getLogger("saltx.minion");

/** Everything that reaches outside of the minion's own logic. */
export interface MinionParts {
  transport: TransportFactory;
  openChannel(wanted: ChannelWanted): Promise<MinionChannel>;
  startBus(address: BusAddress, opts: MinionOpts): Promise<EventBusServer>;
  loadGrains(opts: MinionOpts, fresh: boolean): Promise<DataMap>;
  buildRegistry(context: { opts: MinionOpts; grains: DataMap }): Promise<ModuleRegistry>;
  matches(target: Target, facts: MinionFacts): boolean;
  openJournal(opts: MinionOpts): Promise<JobJournal>;
  callBlocking: BlockingCaller;
  resolver: Resolver;
  clock: Clock;
}

/** The real parts. Modules, grains and the journal are loaded when they are asked for. */
export function realParts(opts: MinionOpts, caller = false): MinionParts {
  return {
    transport: transportFor(opts, caller),
    openChannel,
    startBus: (address) => startEventBus(address, { maxEventSize: opts.max_event_size }),
    loadGrains: async (opts, fresh) =>
      (await import("../plugins/grains/mod.ts")).loadGrains(opts, fresh),
    buildRegistry: async (context) =>
      (await import("../plugins/modules/mod.ts")).buildRegistry(context),
    matches: (target, facts) => matches(target, facts, { nodegroups: nodegroupsOf(opts) }),
    openJournal,
    callBlocking: threadCaller((name, data) => runtime.spawnThread(name, data)),
    resolver: systemResolver,
    clock: systemClock,
  };
}

/** The transport that `transport` names. RAET's code is loaded where it is used. */
function transportFor(opts: MinionOpts, caller: boolean): TransportFactory {
  if (transportOf(opts.transport) === "zeromq") {
    return zeromqTransport({ ...opts, ...heartbeats(opts) });
  }
  let road: Promise<RaetTransport> | undefined;
  const keyNames = new Map<string, string>();
  const keyName = (uri: string) => keyNames.get(uri);
  const raet = () =>
    road ??= import("./road.ts").then(({ raetOf }) => raetOf(opts, caller, keyName));
  return {
    expectMaster: (uri, name) => void keyNames.set(uri, name),
    requestClient: async (uri) => await (await raet()).requestClient(uri),
    publishClient: async (uri, subscriber) => await (await raet()).publishClient(uri, subscriber),
    lane: (bus) => {
      raet().then((transport) => transport.lane(bus)).catch((error) => {
        log.error(`Programs of this host cannot use RAET: ${messageOf(error)}`);
      });
    },
  };
}

function nodegroupsOf(opts: MinionOpts): Nodegroups {
  const groups = opts["nodegroups"];
  return groups !== null && typeof groups === "object" ? groups as Nodegroups : {};
}

/** ms in which a living master answers a heartbeat, whatever it is doing. */
const LEAST_HEARTBEAT = 1000;

/** `master_alive_interval` is the time in which a dead master is to be noticed. */
function heartbeats(opts: MinionOpts) {
  const { zmq_heartbeat_interval: usual, zmq_heartbeat_timeout: longest } = opts;
  const alive = opts.master_alive_interval;
  if (alive <= 0 || usual <= 0) {
    return { zmq_heartbeat_interval: usual, zmq_heartbeat_timeout: longest };
  }
  return {
    zmq_heartbeat_interval: Math.min(alive / 2, usual),
    zmq_heartbeat_timeout: Math.min(longest, Math.max(alive / 2, LEAST_HEARTBEAT / 1000)),
  };
}

function openChannel(wanted: ChannelWanted): Promise<MinionChannel> {
  const { opts } = wanted;
  return createMinionChannel({
    ...wanted,
    id: opts.id as MinionId,
    masterUri: opts.master_uri,
    logger: getLogger("saltx.minion.channel"),
  });
}

async function openJournal(opts: MinionOpts): Promise<JobJournal> {
  const { journalPath, noJournal, SqliteJournal } = await import("./journal.ts");
  if (!opts.return_journal) return noJournal;
  const { SqliteFile } = await import("../cache/sqlite_file.ts");
  const { MIGRATIONS } = await import("./journal.ts");
  const path = journalPath(opts.cachedir);
  const file = new SqliteFile({ path, migrations: MIGRATIONS, durable: false });
  return new SqliteJournal(file, {
    entries: opts.return_journal_max_entries,
    bytes: opts.return_journal_max_bytes,
    seconds: opts.return_journal_max_age,
  });
}
