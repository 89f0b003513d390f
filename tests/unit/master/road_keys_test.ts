import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { RaetKeyStore } from "../../../src/key/raet_keys.ts";
import { KeyFollower } from "../../../src/master/road_keys.ts";
import type { Peer } from "../../../src/transport/raet/peer.ts";
import { until } from "../../support/until.ts";

test("KeyFollower - lets in, keeps out and ends sessions as the folders say, however many there are", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "sx-raet-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const store = new RaetKeyStore({ pki_dir: dir });
  const key = (i: number) => new Uint8Array(32).fill(i & 255).fill(1 + (i >> 8), 0, 8);
  const offer = (i: number, vouched: boolean) => ({
    id: `web-${i}`,
    pub: key(i),
    verify: key(i),
    source: `192.0.2.${i & 255}`,
    autosignGrains: undefined,
    vouched: () => vouched,
  });
  const peers = new Map<string, Peer & { remote: { accepted: boolean } }>();
  const join1 = (i: number, accepted: boolean) => {
    assert.equal(store.offer(offer(i, accepted)), accepted ? "accepted" : "pending");
    const peer = { ...offer(i, accepted), estate: `web-${i}_minion`, remote: { accepted } };
    peers.set(peer.estate, peer as unknown as Peer & { remote: { accepted: boolean } });
  };
  const seen: string[] = [];
  const road = {
    get peers() {
      return [...peers.values()];
    },
    peer: (estate: string) => peers.get(estate),
    accept: (estate: string) => {
      seen.push(`+${estate}`);
      peers.get(estate)!.remote.accepted = true;
    },
    revoke: (estate: string) => {
      seen.push(`-${estate}`);
      peers.delete(estate);
    },
  };
  for (let i = 0; i < 700; i++) join1(i, i >= 3);
  const follower = new KeyFollower(road, store);
  t.after(() => follower.stop());
  const waitFor = (...what: string[]) =>
    until(what.join(" "), () => Promise.resolve(what.every((one) => seen.includes(one))));
  store.change("accept", "pending", "web-0");
  store.change("reject", "pending", "web-1");
  store.change("delete", "accepted", "web-699");
  store.change("reject", "accepted", "web-600");
  await waitFor("+web-0_minion", "-web-1_minion", "-web-699_minion", "-web-600_minion");
  // The same id with another key, between two looks.
  store.change("delete", "accepted", "web-650");
  assert.equal(store.offer({ ...offer(650, true), pub: key(5000) }), "accepted");
  await waitFor("-web-650_minion");
  assert.equal(seen.length, 5, seen.join(" "));
});
