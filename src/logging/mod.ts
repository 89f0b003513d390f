/**
 * Loggers, levels and sinks. A library part only asks for a logger; an entry point sets up where
 * the lines go.
 * @module
 */
export * from "./logger.ts";
export { levelNumber } from "./levels.ts";
export { isSecretField, redact, REDACTED } from "./redact.ts";
export { setupLogging } from "./setup.ts";
export type { Logging, LoggingOptions, LoggingRole } from "./setup.ts";
