/**
 * Modules that talk to the kernel: packet filters in networks of their own, disks on loop devices. By real
 * Salt on one throw-away machine and by saltx on its twin.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Hosts } from "../support/netns.ts";
import { call, debian, runOn, withTwins } from "../support/twins.ts";

const braces = { why: "Salt makes an argument of the braces that nft does not take" };
const place = { why: "Salt looks for it where it is not" };
const handle = { why: "Salt gives nft a map in place of the handle" };

/** Without what is another at each time and on each disk. */
const idless = (text: string) =>
  text.replaceAll(/loop\d+/g, "loop")
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "id")
    .replaceAll(/\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}/g, "then")
    .replaceAll(/0x[0-9a-f]{8}/g, "sum");

test("nftables and ipset", async () => {
  await using networks = await Hosts.open("salt", "saltx");
  await withTwins(debian, async ({ compare }) => {
    await compare([
      call("nftables.version"),
      call("nftables.build_rule ¦ match=state ¦ connstate=related,established ¦ jump=accept"),
      call(
        "nftables.build_rule ¦ filter ¦ input ¦ command=insert ¦ position=3 ¦ full='True' ¦ " +
          "proto=tcp ¦ dports=22,443 ¦ source=10.0.0.0/8 ¦ jump=accept",
      ),
      call("nftables.build_rule ¦ filter ¦ full='True'"),
      call("nftables.list_tables"),
      call("nftables.new_table ¦ filter"),
      call("nftables.new_table ¦ filter"),
      call("nftables.list_tables"),
      call("nftables.check_table ¦ nosuch"),
      call("nftables.check_chain ¦ filter ¦ input"),
      call(
        "nftables.new_chain ¦ filter ¦ input ¦ table_type=filter ¦ hook=input ¦ priority=0",
        braces,
      ),
      call("cmd.run ¦ nft add chain ip filter input '{ type filter hook input priority 0; }'"),
      call("nftables.new_chain ¦ filter ¦ side"),
      call("nftables.new_chain ¦ filter ¦ side"),
      call("nftables.new_chain ¦ filter ¦ half ¦ hook=input"),
      call("nftables.append ¦ filter ¦ input ¦ rule=tcp dport 22 accept"),
      call("nftables.append ¦ filter ¦ input ¦ rule=tcp dport 22 accept"),
      call("nftables.append ¦ filter ¦ input ¦ rule=nonsense"),
      call("nftables.insert ¦ filter ¦ input ¦ rule=tcp dport { 80, 443 } accept"),
      call("nftables.check ¦ filter ¦ input ¦ rule=tcp dport 22 accept"),
      call("nftables.check ¦ filter ¦ input ¦ rule=tcp dport 23 accept"),
      call("nftables.get_rule_handle ¦ filter ¦ input ¦ rule=tcp dport 22 accept"),
      call("nftables.get_rules"),
      call("nftables.get_rules_json"),
      call("nftables.get_policy ¦ filter ¦ input", place),
      call("nftables.set_policy ¦ filter ¦ input ¦ drop"),
      call("nftables.get_rules"),
      call("nftables.save ¦ /run/rules.nft"),
      call("nftables.get_saved_rules ¦ /run/rules.nft"),
      call("nftables.delete ¦ filter ¦ nosuch ¦ rule=x"),
      call("nftables.delete ¦ filter ¦ input ¦ rule=tcp dport 22 accept", handle),
      call("nftables.flush ¦ filter ¦ input"),
      call("nftables.flush ¦ filter"),
      call("nftables.delete_chain ¦ filter ¦ side"),
      call("nftables.delete_table ¦ filter"),
      call("nftables.delete_table ¦ filter"),
      call("ipset.version"),
      call("ipset.new_set ¦ one ¦ hash:ip"),
      call("ipset.new_set ¦ one ¦ hash:ip"),
      call("ipset.new_set ¦ two ¦ hash:net ¦ comment=True"),
      call("ipset.new_set ¦ three ¦ bitmap:port"),
      call("ipset.new_set ¦ three ¦ bitmap:port ¦ range=1-100"),
      call("ipset.new_set ¦ four ¦ nonsense"),
      call("ipset.new_set"),
      call("ipset.check_set ¦ one"),
      call("ipset.check_set ¦ nosuch"),
      call("ipset.add ¦ one ¦ 192.168.1.26"),
      call("ipset.add ¦ one ¦ 192.168.1.26"),
      call("ipset.add ¦ one ¦ nonsense"),
      call("ipset.add ¦ one ¦ 192.168.1.27 ¦ timeout=5"),
      call("ipset.add ¦ two ¦ 10.0.0.0/8 ¦ comment=inside"),
      call("ipset.add ¦ nosuch ¦ 10.0.0.1"),
      call("ipset.check ¦ one ¦ 192.168.1.26"),
      call("ipset.check ¦ one ¦ 192.168.1.0/24"),
      call("ipset.check ¦ one ¦ 192.168.1.26-192.168.1.27"),
      call("ipset.check ¦ two ¦ 10.1.2.3"),
      call("ipset.check ¦ two ¦ 11.1.2.3"),
      call("ipset.check ¦ two ¦ [11.1.2.3, 10.0.0.0/8]"),
      call("ipset.test ¦ two ¦ 10.1.2.3"),
      call("ipset.test ¦ two ¦ 11.1.2.3"),
      call("ipset.list_sets", { normalise: idless }),
      call("ipset.rename_set ¦ one ¦ new_set=uno"),
      call("ipset.rename_set ¦ one ¦ new_set=uno"),
      call("ipset.rename_set ¦ uno ¦ new_set=two"),
      call("ipset.delete ¦ uno ¦ 192.168.1.26"),
      call("ipset.delete ¦ uno ¦ 192.168.1.26"),
      call("ipset.flush ¦ two"),
      call("ipset.flush"),
      call("ipset.delete_set ¦ two"),
      call("ipset.delete_set ¦ two"),
    ]);
  }, networks);
});

test("partition and extfs on loop devices", async () => {
  await withTwins(debian, async ({ folders, compare }) => {
    const calls = [
      call("partition.exists ¦ /run/disk"),
      call("partition.exists ¦ /run/image"),
      call("partition.mklabel ¦ /run/disk ¦ gpt"),
      call("partition.mklabel ¦ /run/disk ¦ nonsense"),
      call("partition.mkpart ¦ /run/disk ¦ primary ¦ fs_type=ext4 ¦ start=1MiB ¦ end=10MiB"),
      call("partition.mkpart ¦ /run/disk ¦ primary ¦ start=10MiB ¦ end=20MiB"),
      call("partition.mkpart ¦ /run/disk ¦ primary ¦ start=much ¦ end=20MiB"),
      call("partition.mkpart ¦ /run/disk ¦ nonsense ¦ start=1 ¦ end=2"),
      call("partition.name ¦ /run/disk ¦ 1 ¦ First one"),
      call("partition.name ¦ /run/disk ¦ 1 ¦ 'a;b'"),
      call("partition.set ¦ /run/disk ¦ 1 ¦ boot ¦ 'on'"),
      call("partition.set ¦ /run/disk ¦ 1 ¦ nonsense ¦ 'on'"),
      call("partition.toggle ¦ /run/disk ¦ 2 ¦ lvm"),
      call("partition.disk_set ¦ /run/disk ¦ pmbr_boot ¦ 'on'"),
      call("partition.list ¦ /run/disk"),
      call("partition.list ¦ /run/disk ¦ unit=s"),
      call("partition.list ¦ /run/disk ¦ unit=miles"),
      call("partition.list ¦ /run/image"),
      call("partition.align_check ¦ /run/disk ¦ optimal ¦ 1"),
      call("partition.rm ¦ /run/disk ¦ 2"),
      call("partition.rm ¦ /run/disk ¦ x"),
      call("partition.probe ¦ /run/disk"),
      call("partition.list ¦ /run/disk ¦ unit=B"),
      call("partition.mkfs ¦ /run/disk ¦ nonsense"),
      call("partition.system_types"),
      call("partition.get_block_device"),
      call("extfs.mkfs ¦ /run/other ¦ fs_type=ext4 ¦ label=saltx ¦ block_size=1024"),
      call("extfs.tune ¦ /run/other ¦ max=7 ¦ label=other"),
      call("extfs.attributes ¦ /run/other"),
      call("extfs.blocks ¦ /run/other"),
      call("extfs.dump ¦ /run/other ¦ args=h"),
    ];
    for (const folder of folders) {
      await runOn(folder, "truncate", "-s", "40M", "/run/image", "/run/other");
      const device = (await runOn(folder, "losetup", "--find", "--show", "/run/image")).trim();
      await runOn(folder, "ln", "-s", device, "/run/disk");
    }
    try {
      await compare(calls.map((one) => ({ ...one, normalise: idless })));
      for (const folder of folders) {
        const printed = await runOn(folder, "parted", "-m", "-s", "/run/disk", "print");
        assert.match(printed, /\n1:1049kB:10.5MB:9437kB::First one:/);
      }
    } finally {
      for (const folder of folders) {
        const device = (await runOn(folder, "readlink", "/run/disk")).trim();
        await runOn(folder, "losetup", "--detach", device);
      }
    }
  });
});
