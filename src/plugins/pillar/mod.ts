/** Pillar: what a master knows for one minion alone. @module */
export { PillarCompiler, type PillarRequest, type PillarSettings } from "./compile.ts";
export { mergeBy, mergeRecursive } from "./merge.ts";
