/** The event buses of master and minion: hosting one, reading it, firing into it. @module */
export { minionIdHash } from "./address.ts";
export { type EventBusOptions, type EventBusServer, startEventBus } from "./bus.ts";
export { openEventClient } from "./client.ts";
export { eventStamp, eventTag, packEvent, tagify, unpackEvent, VALUE_TRIMMED } from "./tag.ts";
export type { BusAddress, EventClient, EventSubscription } from "./types.ts";
