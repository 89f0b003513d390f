/**
 * The commands of the clear channel: what programs on the master's host ask for, with a local key.
 * What is not in this table cannot be called. (`salt/master.py:ClearFuncs.expose_methods`)
 * @module
 */
import type { ClearCommand } from "../../channel/gate.ts";
import { AuthenticationError, AuthorizationError, messageOf, SaltException } from "../../errors.ts";
import { getLogger } from "../../logging/mod.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import { authenticate, authorise } from "../access.ts";
import { publish, type PublishParts, readPublishRequest } from "../publish.ts";
import type { WorkerParts } from "../worker_parts.ts";

const log = getLogger("saltx.master");

/** The table, bound to one worker. */
export function clearCommands(parts: WorkerParts): Map<string, ClearCommand> {
  return new Map<string, ClearCommand>([
    ["ping", (load) => load],
    ["publish", (load) => refusable("publish", () => publishCommand(parts, load))],
  ]);
}

async function publishCommand(parts: WorkerParts, load: DataMap): Promise<Data> {
  const operator = authenticate(load, {
    masterUser: parts.opts.user,
    localKeys: parts.localKeys,
  });
  authorise(operator, load["fun"]);
  const request = readPublishRequest(load, operator.user);
  const published = await publish(request, publishParts(parts));
  const { tgt, tgt_type } = request.target;
  return {
    enc: "clear",
    load: published === null
      ? {
        jid: null,
        minions: [],
        error: `Master could not resolve minions for target ${tgt} (${tgt_type})`,
      }
      : { ...published },
  };
}

function publishParts(parts: WorkerParts): PublishParts {
  return {
    jobs: parts.jobs,
    targets: {
      keys: parts.keys,
      minions: parts.minions,
      nodegroups: parts.opts.nodegroups as DataMap,
    },
    fire: parts.fire,
    send: (load, minions) => parts.send(load, minions),
  };
}

/** Turns what the user did wrong into the error map that clients read. */
async function refusable(name: string, run: () => Promise<Data>): Promise<Data> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof SaltException)) throw error;
    log.warning(`${name} was refused: ${messageOf(error)}`);
    const known = error instanceof AuthenticationError || error instanceof AuthorizationError;
    return { error: { name: known ? error.name : "SaltInvocationError", message: error.message } };
  }
}
