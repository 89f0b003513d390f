/** Interfaces, addresses, routes and connections. (`salt/modules/network.py`) @module */
import { executionModule } from "../../../loader/types.ts";
import { addressFunctions } from "./addresses.ts";
import { hostnameFunctions } from "./hostname.ts";
import { reachFunctions } from "./reach.ts";
import { routeFunctions } from "./routes.ts";
import { socketFunctions } from "./sockets.ts";

/** The module `network`. */
export const network = executionModule({
  name: "network",
  doc: "Interfaces, addresses, routes and connections.",
  functions: {
    ...addressFunctions,
    ...hostnameFunctions,
    ...reachFunctions,
    ...routeFunctions,
    ...socketFunctions,
  },
  aliases: { ipaddrs: "ip_addrs", ipaddrs6: "ip_addrs6", hwaddr: "hw_addr" },
});
