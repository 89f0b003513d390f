/** Functions that try out the way to a minion and back. (`salt/modules/test.py`) @module */
import { executionModule, fn } from "../../loader/types.ts";

/** The module `test`. */
export const test = executionModule({
  name: "test",
  doc: "Functions that try out the way to a minion and back.",
  functions: {
    ping: fn({
      doc: "Says that the minion is up and answers. Sends no ICMP packet.",
      args: {},
      example: "salt '*' test.ping",
      run: () => true,
    }),
    echo: fn({
      doc: "Returns what it was given.",
      args: { text: { type: "any", required: true, doc: "What to return." } },
      example: "salt '*' test.echo 'foo bar baz quo qux'",
      run: (_ctx, { text }) => text,
    }),
  },
});
