/**
 * Calls that change something: files in `$P`, and what the minion keeps of its own.
 * @module
 */
import type { Call } from "./calls.ts";

/** Calls in a folder filled anew, each after the first with what those before left there. */
function story(...lines: (string | [line: string, more: Partial<Call>])[]): Call[] {
  return lines.map((given, index) => {
    const [line, more] = typeof given === "string" ? [given, {}] : given;
    const [fun, ...words] = line.split(" ¦ ");
    return { fun: fun!, words, plays: index === 0 ? true : "on", ...more };
  });
}

const key = "AAAAC3NzaC1lZDI1NTE5AAAAIF0aSx0iBVgO8kZhKm7ggW2dDyw1mDYQcI5a2vYwkM1f";
const hosts = "hash_known_hosts=False ¦ config=$P/known";

/** Without the content of archives, which have times in them, and in which order is free. */
const withoutArchives = (text: string) =>
  text.replaceAll(/^(\S+\.(?:zip|tar|gz|tgz) file \d+) \S+$/gm, "$1");

const archives = (...lines: string[]): Call[] =>
  story(...lines).map((call) => ({ ...call, normalise: withoutArchives }));

/** Ids of commits depend on the time; what git keeps is its own affair. */
const withoutIds = (text: string) =>
  text.split("\n").filter((line) => !/^\S*(\.git|\.tar)\b/.test(line)).join("\n")
    .replaceAll(/\b[0-9a-f]{7,40}\b/g, "id");

const repositories = (...lines: string[]): Call[] =>
  story(...lines).map((call) => ({ ...call, normalise: withoutIds }));

/** Words are separated by ` ¦ `. */
export const changingCalls: Call[] = [
  ...story(
    "file.write ¦ $P/fstab ¦ /dev/sda1 / ext4 defaults 0 1",
    "mount.set_fstab ¦ /srv ¦ /dev/sdb1 ¦ ext4 ¦ config=$P/fstab",
    "mount.set_fstab ¦ /srv ¦ /dev/sdb1 ¦ ext4 ¦ config=$P/fstab",
    "mount.set_fstab ¦ /srv ¦ /dev/sdb1 ¦ xfs ¦ config=$P/fstab",
    "mount.fstab ¦ $P/fstab",
    "mount.rm_fstab ¦ / ¦ /dev/sda1 ¦ config=$P/fstab",
  ),
  ...story(
    "file.mkdir ¦ $P/etc",
    "file.write ¦ $P/etc/passwd ¦ ann:x:1000:1000:Ann:/home/ann:/bin/sh",
    "file.write ¦ $P/etc/group ¦ args=['ann:x:1000:', 'staff:x:50:ann']",
    "user.info ¦ ann ¦ root=$P",
    "group.info ¦ staff ¦ root=$P",
  ),
  ...archives(
    "archive.zip ¦ $P/a.zip ¦ $P/tree,$P/words ¦ cwd=$P",
    "archive.list ¦ $P/a.zip",
    "archive.list ¦ $P/a.zip ¦ verbose=True",
    "archive.list ¦ $P/a.zip ¦ strip_components=1",
    "archive.list ¦ $P/a.zip ¦ strip_components=x",
    "archive.list ¦ $P/a.zip ¦ archive_format=arj",
    "archive.list ¦ $P/words",
    "archive.list ¦ $P/words ¦ archive_format=zip",
    "archive.is_encrypted ¦ $P/a.zip",
    "archive.is_encrypted ¦ $P/words",
    "archive.unzip ¦ $P/a.zip ¦ $P/out",
    "archive.unzip ¦ $P/a.zip ¦ $P/out2 ¦ excludes=tree/a.txt,words ¦ extract_perms=False",
    "archive.unzip ¦ $P/a.zip ¦ $P/out3 ¦ trim_output=2",
    "archive.zip ¦ $P/b.zip ¦ tree,words",
    "archive.zip ¦ $P/b.zip ¦ tree/*,words ¦ cwd=$P",
    "archive.zip ¦ $P/b.zip ¦ $P/words ¦ cwd=relative",
    "archive.cmd_unzip ¦ $P/nosuch.zip ¦ $P/out4",
  ),
  ...archives(
    "archive.tar ¦ cf ¦ $P/a.tar ¦ tree,link,words ¦ cwd=$P",
    "archive.list ¦ $P/a.tar",
    "archive.list ¦ $P/a.tar ¦ verbose=True",
    "archive.list ¦ $P/a.tar ¦ verbose=True ¦ strip_components=1",
    "archive.tar ¦ tf ¦ $P/a.tar",
    "archive.tar ¦ xf ¦ $P/a.tar ¦ dest=$P/void",
    "archive.tar ¦ '' ¦ $P/a.tar",
    "archive.tar ¦ czf ¦ $P/b.tgz ¦ tree ¦ cwd=$P",
    "archive.list ¦ $P/b.tgz",
    "archive.gzip ¦ $P/words",
    "archive.gunzip ¦ $P/words.gz",
    "archive.rar ¦ $P/x.rar ¦ $P/words",
  ),
  ...story(
    `ssh.set_auth_key ¦ root ¦ ${key} ¦ enc=ed25519 ¦ comment=ann ¦ config=$P/ssh/keys`,
    `ssh.set_auth_key ¦ root ¦ ${key} ¦ enc=ed25519 ¦ comment=ann ¦ config=$P/ssh/keys`,
    `ssh.check_key ¦ root ¦ ${key} ¦ ed25519 ¦ ann ¦ [] ¦ config=$P/ssh/keys`,
    `ssh.set_auth_key ¦ root ¦ ${key} ¦ ed25519 ¦ bob ¦ [no-pty, 'from="a"'] ¦ config=$P/ssh/keys`,
    `ssh.set_auth_key ¦ root ¦ AAAAB3NzaC1yc2E= ¦ comment=old ¦ config=$P/ssh/keys`,
    "ssh.auth_keys ¦ root ¦ config=$P/ssh/keys",
    "ssh.auth_keys ¦ root ¦ config=$P/ssh/keys ¦ fingerprint_hash_type=md5",
    "ssh.auth_keys ¦ nosuchuser ¦ config=$P/ssh/keys",
    "ssh.set_auth_key ¦ root ¦ x y ¦ config=$P/ssh/keys",
    "ssh.set_auth_key ¦ root ¦ b!d ¦ config=$P/ssh/keys",
    "ssh.set_auth_key ¦ root ¦ AAAA ¦ enc=nosuch ¦ config=$P/ssh/keys",
    "ssh.set_auth_key ¦ nosuchuser ¦ AAAA ¦ config=$P/ssh/keys",
    "ssh.set_auth_key ¦ root ¦ AAAA ¦ config=%x/keys",
    "ssh.check_key_file ¦ root ¦ $P/ssh/keys ¦ config=$P/ssh/keys",
    "ssh.set_auth_key_from_file ¦ root ¦ $P/ssh/keys ¦ config=$P/ssh/others",
    `ssh.rm_auth_key ¦ root ¦ ${key} ¦ config=$P/ssh/keys`,
    `ssh.rm_auth_key ¦ root ¦ ${key} ¦ config=$P/ssh/keys`,
    "ssh.rm_auth_key_from_file ¦ root ¦ $P/ssh/keys ¦ config=$P/ssh/others",
    "ssh.set_auth_key_from_file ¦ root ¦ $P/words ¦ config=$P/ssh/others",
  ),
  ...story(
    `ssh.set_known_host ¦ root ¦ h1 ¦ key=${key} ¦ enc=ssh-ed25519 ¦ ${hosts}`,
    `ssh.set_known_host ¦ root ¦ h1 ¦ key=${key} ¦ enc=ssh-ed25519 ¦ ${hosts}`,
    `ssh.set_known_host ¦ root ¦ h2 ¦ key=${key} ¦ enc=ssh-ed25519 ¦ port=2222 ¦ ${hosts}`,
    `ssh.get_known_host_entries ¦ root ¦ h1 ¦ config=$P/known`,
    `ssh.get_known_host_entries ¦ root ¦ nosuch ¦ config=$P/known`,
    `ssh.check_known_host ¦ root ¦ h1 ¦ key=${key} ¦ config=$P/known`,
    `ssh.check_known_host ¦ root ¦ h1 ¦ key=AAAA ¦ config=$P/known`,
    `ssh.check_known_host ¦ root ¦ h3 ¦ config=$P/known`,
    `ssh.check_known_host ¦ root`,
    `ssh.set_known_host ¦ root ¦ h1 ¦ key=AAAA ¦ enc=ssh-ed25519 ¦ ${hosts}`,
    `ssh.set_known_host ¦ root ¦ h1 ¦ port=5 ¦ config=$P/known`,
    `ssh.set_known_host ¦ nosuchuser ¦ h1 ¦ key=AAAA`,
  ),
  ...repositories(
    "git.version",
    "git.version ¦ versioninfo=True",
    "git.init ¦ $P/repo ¦ opts='-b main'",
    "git.config_set ¦ user.name ¦ Ann ¦ cwd=$P/repo",
    "git.config_set ¦ user.email ¦ ann@example.com ¦ cwd=$P/repo",
    "git.config_set ¦ a.b ¦ multivar=x,y ¦ cwd=$P/repo",
    "git.config_get ¦ a.b ¦ cwd=$P/repo",
    "git.config_get ¦ a.b ¦ cwd=$P/repo ¦ all=True",
    "git.config_get ¦ no.such ¦ cwd=$P/repo",
    "git.config_get ¦ a.b",
    "git.config_get_regexp ¦ user.* ¦ cwd=$P/repo",
    "git.config_unset ¦ a.b ¦ cwd=$P/repo",
    "git.config_unset ¦ a.b ¦ cwd=$P/repo ¦ all=True",
    "git.config_unset ¦ no.such ¦ cwd=$P/repo",
    "file.copy ¦ $P/words ¦ $P/repo/words",
    "git.status ¦ $P/repo",
    "git.add ¦ $P/repo ¦ words",
    "git.status ¦ $P/repo",
    "git.commit ¦ $P/repo ¦ First",
    "git.commit ¦ $P/repo ¦ Nothing",
    "git.current_branch ¦ $P/repo",
    "git.tag ¦ $P/repo ¦ v1 ¦ message=One",
    "git.tag ¦ $P/repo ¦ v1",
    "git.list_tags ¦ $P/repo",
    "git.describe ¦ $P/repo",
    "git.branch ¦ $P/repo ¦ side",
    "git.list_branches ¦ $P/repo",
    "git.checkout ¦ $P/repo ¦ side",
    "git.checkout ¦ $P/repo ¦ nosuch",
    "git.checkout ¦ $P/repo",
    "file.append ¦ $P/repo/words ¦ five",
    "git.diff ¦ $P/repo",
    "git.commit ¦ $P/repo ¦ Second ¦ filename=words",
    "git.merge_base ¦ $P/repo ¦ main,side",
    "git.merge_base ¦ $P/repo ¦ main,side ¦ is_ancestor=True",
    "git.merge_base ¦ $P/repo ¦ side,main ¦ is_ancestor=True",
    "git.merge_base ¦ $P/repo ¦ side ¦ is_ancestor=True",
    "git.checkout ¦ $P/repo ¦ main",
    "git.merge ¦ $P/repo ¦ side",
    "git.merge_tree ¦ $P/repo ¦ main ¦ side",
    "git.revision ¦ $P/repo ¦ short=True",
    "git.revision ¦ $P/repo ¦ nosuch",
    "git.rev_parse ¦ $P/repo ¦ opts='--git-dir'",
    "git.symbolic_ref ¦ $P/repo ¦ HEAD",
    "git.clone ¦ $P/copy ¦ $P/repo",
    "git.clone ¦ $P ¦ $P/repo ¦ named",
    "git.clone ¦ $P/copy",
    "git.clone ¦ $P/other ¦ $P/nosuch",
    "git.clone ¦ $P/other ¦ http://127.0.0.1:1/x ¦ https_user=ann",
    "git.remotes ¦ $P/copy",
    "git.remote_get ¦ $P/copy",
    "git.remote_get ¦ $P/copy ¦ nosuch",
    "git.remote_set ¦ $P/copy ¦ https://example.com/x ¦ up ¦ https_user=ann ¦ https_pass=p@ss",
    "git.remotes ¦ $P/copy ¦ redact_auth=False",
    "git.ls_remote ¦ $P/copy",
    "git.remote_refs ¦ $P/repo ¦ heads=True",
    "git.list_branches ¦ $P/copy ¦ remote=True",
    "git.branch ¦ $P/repo ¦ third",
    "git.tag ¦ $P/repo ¦ v2",
    "git.fetch ¦ $P/copy",
    "git.fetch ¦ $P/copy",
    "git.pull ¦ $P/copy",
    "file.append ¦ $P/copy/words ¦ six",
    "git.stash ¦ $P/copy ¦ list",
    "git.discard_local_changes ¦ $P/copy",
    "git.reset ¦ $P/copy ¦ opts='--hard HEAD~1'",
    "git.rebase ¦ $P/copy ¦ origin/main",
    "git.push ¦ $P/copy ¦ origin ¦ HEAD:refs/heads/pushed",
    "git.archive ¦ $P/repo ¦ $P/repo.tar",
    "git.worktree_add ¦ $P/repo ¦ $P/wt",
    "git.list_worktrees ¦ $P/repo",
    "git.is_worktree ¦ $P/wt",
    "git.is_worktree ¦ $P/repo",
    "git.is_worktree ¦ $P/tree",
    "git.worktree_rm ¦ $P/repo",
    "git.worktree_rm ¦ $P/wt",
    "git.list_worktrees ¦ $P/repo ¦ stale=True",
    "git.worktree_prune ¦ $P/repo",
    "git.rm ¦ $P/repo ¦ words",
    "git.submodule ¦ $P/repo ¦ status",
    "git.status ¦ $P/tree",
  ),
  ...story(
    "grains.setval ¦ role ¦ web",
    "grains.get ¦ role",
    "grains.append ¦ roles ¦ a",
    "grains.append ¦ roles ¦ a",
    "grains.append ¦ roles ¦ b",
    "grains.remove ¦ roles ¦ a",
    "grains.set ¦ deep:key ¦ 5",
    "grains.set ¦ deep:key ¦ 6",
    "grains.set ¦ deep:key ¦ 6 ¦ force=True",
    "grains.delkey ¦ role",
    "grains.delval ¦ deep ¦ destructive=True",
  ),
  ...story(
    "data.update ¦ key ¦ 1",
    "data.get ¦ key",
    "data.cas ¦ key ¦ 2 ¦ 1",
    "data.items",
    "data.pop ¦ key",
    "data.clear",
  ),
];
