/**
 * Loads a JavaScript or TypeScript file of a user on Node, from inside of the executable too.
 * @module
 */

type Import = (address: string) => Promise<Record<string, unknown>>;

let found: Import | undefined;

/**
 * Through Node's own loader, which takes types off TypeScript. It has to be asked for from code that
 * is compiled here: the program itself is one file whose imports were resolved when it was built.
 */
export function importFile(address: string): Promise<Record<string, unknown>> {
  return quietly(() => {
    if (!found) {
      const { Script, constants } = process.getBuiltinModule("node:vm");
      const options = { importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER };
      found = new Script("(address) => import(address)", options).runInThisContext() as Import;
    }
    return found(address);
  });
}

/** Node warns of parts that are experimental, which tells a user of saltx nothing. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return await work();
  } finally {
    process.emitWarning = emitWarning;
  }
}
