/** Fails on demand. (`salt/runners/error.py`) @module */
import { SaltException } from "../../errors.ts";
import { runnerFn, runnerModule } from "../../loader/runner_types.ts";

/** The runner `error`. */
export const error = runnerModule({
  name: "error",
  doc: "For trying how failures are handled.",
  functions: {
    error: runnerFn({
      doc: "Fails with an error of a name and a message; gives an empty map without a name.",
      args: {
        name: { type: "string", doc: "Name of the error, such as Exception." },
        message: { type: "string", default: "", doc: "Its message." },
      },
      example: 'salt-run error.error name="Exception" message="This is an error."',
      run: (_ctx, { name, message }) => {
        if (name === null) return {};
        const raised = new SaltException(`${name}: ${message}`);
        raised.name = name;
        throw raised;
      },
    }),
  },
});
