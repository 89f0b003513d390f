/**
 * Returns and events to any HTTP server: each as JSON in a request of its own. Salt has nothing of the
 * kind.
 * @module
 */
import { SaltConfigurationError } from "../../errors.ts";
import { returnerOptions } from "../../loader/returner_options.ts";
import type { Returner, ReturnerContext } from "../../loader/returner_types.ts";
import { type DataMap, isMap } from "../../types/mod.ts";
import { strictJson } from "./_json.ts";
import { plainUrl, request, withLogin } from "./_post.ts";

const WANTED = ["url", "method", "headers", "username", "password"];
const DEFAULTS = { method: "POST" };

async function send(ctx: ReturnerContext, item: DataMap, ret: DataMap | null): Promise<void> {
  const options = returnerOptions(ctx.option, "returner.http", WANTED, DEFAULTS, ret);
  const address = String(options["url"] ?? "");
  if (!/^https?:\/\//.test(address) || !URL.canParse(address)) {
    throw new SaltConfigurationError(
      "returner.http.url: must be an address that begins with http:// or https://",
    );
  }
  const login = new URL(address);
  if (options["username"] !== undefined) login.username = String(options["username"]);
  if (options["password"] !== undefined) login.password = String(options["password"]);
  const { url, headers } = withLogin(login.href);
  const more = isMap(options["headers"]) ? options["headers"] : {};
  const own = Object.fromEntries(
    Object.entries(more).map(([name, value]) => [name, String(value)]),
  );
  const { status, text } = await request({
    method: String(options["method"]),
    url,
    headers: { ...headers, ...own },
    body: strictJson(item),
  });
  if (status >= 300) {
    throw new Error(`${plainUrl(url)} answers ${status}: ${text.slice(0, 200)}`);
  }
}

/** The returner `http`. */
export const httpReturn: Returner = {
  name: "http_return",
  virtualname: "http",
  doc: "An HTTP server, which gets each return or event as JSON.",
  open: (ctx) => ({
    async returner(returns) {
      for (const ret of returns) await send(ctx, ret, ret);
    },
    async event_return(events) {
      for (const event of events) await send(ctx, event, null);
    },
    close: () => Promise.resolve(),
  }),
};
