/** Real salt-minions of all generations on a saltx master. */
import { saltVersions } from "../../scripts/venvs.ts";
import { pairScenario } from "./estate.ts";
import { carefulScenario, refusalScenario } from "./guarded.ts";

for (const version of Object.values(saltVersions)) {
  pairScenario("saltx", version, version === saltVersions.lts);
}
carefulScenario("saltx", saltVersions.lts);
refusalScenario("saltx", saltVersions.lts);
