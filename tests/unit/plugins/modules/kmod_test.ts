import assert from "node:assert/strict";
import { test } from "node:test";
import {
  parseModules,
  persistentNames,
  withModule,
  withoutModule,
} from "../../../../src/plugins/modules/kmod.ts";

test("parseModules reads /proc/modules in the shape of lsmod", () => {
  const text = "nf_nat 49152 2 xt_nat,nft_chain_nat, Live 0xffffffffc0a5a000\n" +
    "loop 32768 0 - Live 0xffffffffc09bd000\n" +
    "kvm 1036288 1 kvm_intel, Live 0x0000000000000000 (O)\n\n";
  assert.deepEqual(parseModules(text), [
    { size: "49152", module: "nf_nat", depcount: "2", deps: ["xt_nat", "nft_chain_nat"] },
    { size: "32768", module: "loop", depcount: "0", deps: [] },
    { size: "1036288", module: "kvm", depcount: "1", deps: ["kvm_intel"] },
  ]);
});

const file = "# at boot\nloop\n#kvm\n\n bonding mode=1\n";

test("persistentNames takes the first word of lines that are no comments", () => {
  assert.deepEqual(persistentNames(file), ["bonding", "loop"]);
});

test("withModule switches a line on again, or adds one", () => {
  assert.equal(withModule(file, "kvm"), "# at boot\nloop\nkvm\n\n bonding mode=1\n");
  assert.equal(withModule("a", "b"), "a\nb\n");
  assert.equal(withModule("", "b"), "b\n");
});

test("withoutModule switches a line off, or takes it out", () => {
  assert.equal(withoutModule(file, "bonding", true), "# at boot\nloop\n#kvm\n\n# bonding mode=1\n");
  assert.equal(withoutModule(file, "loop", false), "# at boot\n#kvm\n\n bonding mode=1\n");
});
