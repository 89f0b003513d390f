/** saltx minions on real salt-masters of all generations, driven by the real `salt` CLI. */
import { saltVersions } from "../../scripts/venvs.ts";
import { pairScenario } from "./estate.ts";
import { carefulScenario, refusalScenario } from "./guarded.ts";

for (const version of Object.values(saltVersions)) {
  pairScenario(version, "saltx", version === saltVersions.lts);
}
carefulScenario(saltVersions.lts, "saltx");
refusalScenario(saltVersions.lts, "saltx");
