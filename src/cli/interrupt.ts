/**
 * Ctrl-C.
 * @module
 */

/** Calls the listener at the first SIGINT; a second one ends the process. Returns what takes it away. */
export function onInterrupt(listener: () => void): () => void {
  let asked = false;
  const handler = () => {
    if (asked) process.exit(130);
    asked = true;
    listener();
  };
  process.on("SIGINT", handler);
  return () => void process.off("SIGINT", handler);
}
