/** The master's event bus. (`salt/runners/event.py`) @module */
import { SaltClientError } from "../../errors.ts";
import { runnerFn, runnerModule } from "../../loader/runner_types.ts";
import { isMap } from "../../types/mod.ts";

/** The runner `event`. */
export const event = runnerModule({
  name: "event",
  doc: "The master's event bus.",
  functions: {
    send: runnerFn({
      doc: "Fires an event. Its tag is used as it is.",
      args: {
        tag: { type: "string", required: true, doc: "The tag." },
        data: { type: "map", doc: "The data." },
      },
      example: `salt-run event.send my/custom/event '{"foo": "bar"}'`,
      run: async (ctx, { tag, data }) => {
        const sent = await ctx.fireEvent(tag, isMap(data) ? data : {});
        if (!sent) throw new SaltClientError("No master runs here, so there is no event bus.");
        return true;
      },
    }),
  },
});
