/**
 * Tests that put programs together.
 * @module
 */
import { test } from "node:test";
import { Lab, type Transport } from "./lab.ts";

/** Runs one named part of a scenario; a failed one lets the others go on and fails the test. */
export type Step = (name: string, body: () => Promise<void>) => Promise<void>;

/**
 * Defines a test with a lab of its own. When it or a step of it fails, what the programs wrote is
 * printed.
 */
export function scenario(
  name: string,
  body: (lab: Lab, step: Step) => Promise<void>,
  transport?: Transport,
): void {
  test(name, async (t) => {
    await using lab = await Lab.open(transport);
    let failed = true;
    let stepFailed = false;
    const step: Step = async (stepName, stepBody) => {
      await t.test(stepName, async () => {
        try {
          await stepBody();
        } catch (error) {
          stepFailed = true;
          throw error;
        }
      });
    };
    try {
      await body(lab, step);
      failed = stepFailed;
    } finally {
      if (failed) console.error(`Programs of "${name}":\n${lab.logs()}`);
    }
  });
}

/** The transports that everything above them must work over alike. */
const TRANSPORTS: readonly Transport[] = ["zeromq", "raet"];

/** Defines a scenario once for each transport, with nothing else changed. */
export function overTransports(
  name: string,
  body: (lab: Lab, step: Step) => Promise<void>,
): void {
  for (const transport of TRANSPORTS) scenario(`${name} over ${transport}`, body, transport);
}
