import assert from "node:assert/strict";
import { test } from "node:test";
import { parseStatus } from "../../../../src/plugins/modules/git/history.ts";
import { parseFetch, parseRefs, parseRemotes } from "../../../../src/plugins/modules/git/remote.ts";
import {
  optionWords,
  ownKeywords,
  redact,
  withLogin,
} from "../../../../src/plugins/modules/git/run.ts";
import { parseWorktrees } from "../../../../src/plugins/modules/git/worktree.ts";
import { withPrograms } from "../../../support/fake_programs.ts";

test("optionWords() takes text and lists, without a closing --", () => {
  assert.deepEqual(optionWords("--depth 1 --message 'a b'"), ["--depth", "1", "--message", "a b"]);
  assert.deepEqual(optionWords("-q --"), ["-q"]);
  assert.deepEqual(optionWords(["-n", 5]), ["-n", "5"]);
  assert.deepEqual(optionWords(null), []);
});

test("withLogin() is for HTTPS alone; redact() takes it away again", () => {
  assert.equal(withLogin("/srv/x", null, null), "/srv/x");
  const url = withLogin("https://example.com/x", "ann", "p@s's");
  assert.equal(url, "https://ann:p%40s%27s@example.com/x");
  assert.equal(redact(`fatal: ${url}`), "fatal: https://<redacted>@example.com/x");
  assert.throws(() => withLogin("ssh://h/x", "ann", null), /only supported for HTTPS/);
});

test("ownKeywords() refuses what a function does not know", () => {
  assert.deepEqual(ownKeywords({ all: true, __pub_jid: "1" }, "all"), { all: true });
  assert.throws(() => ownKeywords({ a: 1, b: 2 }, "b"), /not valid: a=1$/);
});

test("parseFetch() tells new from updated", () => {
  const text = `From /srv/repo
   48f93f6..b475aeb  main       -> origin/main
 * [new branch]      third      -> origin/third
 * [new tag]         v2         -> v2
 t [tag update]      v1         -> v1
`;
  assert.deepEqual(parseFetch(text), {
    "new branches": ["third"],
    "new tags": ["v2"],
    "updated branches": { main: { old: "48f93f6", new: "b475aeb" } },
  });
});

test("parseRemotes(), parseRefs() and parseStatus() read what git prints", () => {
  const remotes = "origin\thttps://a:b@h/x (fetch)\norigin\t/srv/my repo (push)\nnonsense\n";
  assert.deepEqual(parseRemotes(remotes, true), {
    origin: { fetch: "https://<redacted>@h/x", push: "/srv/my repo" },
  });
  assert.deepEqual(parseRefs("abc\tHEAD\ndef\trefs/heads/main\n"), {
    HEAD: "abc",
    "refs/heads/main": "def",
  });
  assert.deepEqual(parseStatus(" M a b\0?? c\0A  d\0R  e\0"), {
    modified: ["a b"],
    untracked: ["c"],
    new: ["d"],
    R: ["e"],
  });
});

test("parseWorktrees() reads branches and detached heads", () => {
  const text = `worktree /srv/repo
HEAD b475
branch refs/heads/main

worktree /srv/wt
HEAD 48f9
detached

worktree /srv/bare
bare
`;
  assert.deepEqual(parseWorktrees(text), [
    { path: "/srv/repo", head: "b475", branch: "main" },
    { path: "/srv/wt", head: "48f9", branch: null },
  ]);
});

test("git functions give git no option that a value smuggles in", async () => {
  await withPrograms({ git: "exit 0" }, async ({ ctx, calls }) => {
    const evil = "--upload-pack=touch /tmp/x";
    await assert.rejects(ctx.salt("git.fetch", ["/", evil]), /cannot be a remote/);
    await assert.rejects(ctx.salt("git.ls_remote", [], { remote: evil }), /cannot be a remote/);
    await assert.rejects(ctx.salt("git.checkout", ["/", evil]), /cannot be a revision/);
    assert.deepEqual(calls(), []);
    await ctx.salt("git.clone", ["/nowhere", evil]);
    assert.deepEqual(calls(), [["git", "clone", "--", evil, "/nowhere"]]);
  });
});
