/**
 * Loads execution modules and calls their functions: descriptors, registry, arguments, contexts,
 * jobs.
 * @module
 */
export * from "./args.ts";
export * from "./bind.ts";
export * from "./context.ts";
export * from "./docs.ts";
export * from "./execute.ts";
export * from "./registry.ts";
export * from "./services.ts";
export * from "./traverse.ts";
export * from "./types.ts";
