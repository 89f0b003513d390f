/**
 * `saltx completion`: what makes shells complete all of this.
 * @module
 */
import { informational } from "./common.ts";
import type { ToolDef } from "./types.ts";

/** The shells that completions are made for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** `saltx completion`. */
export const completion: ToolDef = {
  role: "completion",
  program: "completion",
  usage: "bash|zsh|fish",
  description: "Prints the completions of all roles and options for a shell.",
  config: null,
  groups: [{ title: "Options", options: informational }],
  examples: [
    "source <(saltx completion bash)",
    "saltx completion zsh > ~/.zfunc/_saltx",
    "saltx completion fish > ~/.config/fish/completions/saltx.fish",
  ],
};
