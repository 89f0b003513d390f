/** The master: answers minions and operators, publishes jobs, keeps keys and returns. @module */
export { type RunningMaster, startMaster } from "./start.ts";
