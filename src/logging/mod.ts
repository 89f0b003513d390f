/** Loggers, levels and sinks. @module */
export * from "./logger.ts";
