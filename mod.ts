/** saltx as a library (clients, descriptors, types), and as a program: `deno run -A mod.ts …`, `node mod.ts …`. */
export * from "./src/types/mod.ts";
export * from "./src/errors.ts";

if (import.meta.main) {
  const { runProgram } = await import("./src/main.ts");
  await runProgram();
}
