/** The module gpg with a real gpg, beside real Salt's with python-gnupg, each on a machine of its own. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { call, debian, PYTHON_FOLDER, runOn, withTwins } from "../support/twins.ts";

const HOME = "gnupghome=/run/gpg";

/** Without the fingerprint of a key that is another each time. */
const made = { normalise: (text: string) => text.replaceAll(/[0-9A-F]{40}/g, "print") };

/** Without what a signature or an encrypted text has of its own each time. */
const withoutArmor = (text: string) =>
  text.replaceAll(/(-----BEGIN PGP (?:MESSAGE|SIGNATURE)-----).*?(-----END)/gs, "$1 … $2");

test("keys, signatures and encrypted texts of gpg", async () => {
  await withTwins(debian, async ({ folders, shared, compare }) => {
    const files = join(shared, "files");
    await mkdir(files);
    const [salt] = folders as [string, string];
    const module = "/usr/lib/python3/dist-packages/gnupg.py";
    await runOn(salt, "sh", "-c", `mkdir -p ${PYTHON_FOLDER} && cp ${module} ${PYTHON_FOLDER}`);
    // python-gnupg makes no folder. Both lie where sockets of agents stay the same from call to call.
    for (const folder of folders) {
      await runOn(folder, "mkdir", "-m", "700", "/run/gpg", "/run/own");
      await runOn(folder, "ln", "-s", "/run/own", "/root/.gnupg");
    }
    // A key that both take in, made with a folder of its own.
    const own = ["gpg", "--homedir", join(files, "home"), "--batch", "--quiet"];
    await mkdir(join(files, "home"), { mode: 0o700 });
    const who = "Ann: (of tests) <ann@example.com>";
    await runOn(
      salt,
      ...own,
      "--passphrase",
      "",
      "--quick-gen-key",
      who,
      "future-default",
      "-",
      "2y",
    );
    const listed = await runOn(salt, ...own, "--list-keys", "--with-colons");
    const print = /^fpr:+([0-9A-F]{40}):/m.exec(listed)![1]!;
    const give = async (name: string, ...words: string[]) =>
      await writeFile(join(files, name), await runOn(salt, ...own, "--armor", ...words));
    await give("public.asc", "--export", print);
    await give("secret.asc", "--export-secret-keys", print);
    await writeFile(join(files, "letter"), "A letter.\n");
    await give("letter.asc", "--output", "-", "--detach-sign", join(files, "letter"));
    await writeFile(join(files, "forged"), "Another letter.\n");
    await give(
      "for-ann.asc",
      "--trust-model",
      "always",
      "-r",
      print,
      "--output",
      "-",
      "--encrypt",
      join(files, "letter"),
    );
    await give("signed.asc", "--output", "-", "--clear-sign", join(files, "letter"));
    const then = [...own, "--faked-system-time", "20200101T000000!"];
    const old = "old@example.com";
    await runOn(
      salt,
      ...then,
      "--passphrase",
      "",
      "--quick-gen-key",
      old,
      "ed25519",
      "default",
      "1d",
    );
    await give("old.asc", "--export", old);
    const words = ["--output", "-", "-u", old, "--clear-sign", join(files, "letter")];
    await writeFile(join(files, "old-signed.asc"), await runOn(salt, ...then, ...words));
    try {
      await compare([
        call(`gpg.list_keys ¦ ${HOME}`),
        call(`gpg.get_key ¦ keyid=${print.slice(-8)} ¦ ${HOME}`),
        call(`gpg.import_key ¦ ${HOME}`),
        call(`gpg.import_key ¦ filename=${files}/nosuch ¦ ${HOME}`),
        call(`gpg.import_key ¦ filename=${files}/letter ¦ ${HOME}`),
        call(`gpg.import_key ¦ filename=${files}/public.asc ¦ ${HOME}`),
        call(`gpg.import_key ¦ filename=${files}/public.asc ¦ ${HOME}`),
        call(`gpg.list_keys ¦ ${HOME}`),
        call(`gpg.list_secret_keys ¦ ${HOME}`),
        call(`gpg.verify ¦ filename=${files}/letter ¦ signature=${files}/letter.asc ¦ ${HOME}`),
        call(`gpg.verify ¦ filename=${files}/forged ¦ signature=${files}/letter.asc ¦ ${HOME}`),
        call(`gpg.verify ¦ filename=${files}/signed.asc ¦ ${HOME}`),
        call(`gpg.verify ¦ filename=${files}/signed.asc ¦ trustmodel=always ¦ ${HOME}`),
        call(`gpg.verify ¦ filename=${files}/signed.asc ¦ trustmodel=nonsense ¦ ${HOME}`),
        call(`gpg.verify ¦ text=nothing ¦ ${HOME}`),
        call(`gpg.import_key ¦ filename=${files}/old.asc ¦ ${HOME}`),
        call(`gpg.verify ¦ filename=${files}/old-signed.asc ¦ ${HOME}`),
        call(`gpg.decrypt ¦ filename=${files}/for-ann.asc ¦ ${HOME}`),
        call(`gpg.import_key ¦ filename=${files}/secret.asc ¦ ${HOME}`),
        call(`gpg.list_secret_keys ¦ ${HOME}`),
        call(`gpg.get_secret_key ¦ fingerprint=${print} ¦ ${HOME}`),
        call(`gpg.get_key ¦ keyid=${print.slice(-16)} ¦ ${HOME}`),
        call(`gpg.decrypt ¦ filename=${files}/for-ann.asc ¦ ${HOME}`),
        call(`gpg.decrypt ¦ filename=${files}/for-ann.asc ¦ bare=True ¦ ${HOME}`),
        call(`gpg.decrypt ¦ filename=${files}/for-ann.asc ¦ output=/run/plain ¦ ${HOME}`),
        call("cmd.run ¦ cat /run/plain"),
        call(`gpg.decrypt ¦ filename=${files}/letter ¦ ${HOME}`),
        call(`gpg.encrypt ¦ text=Hello ¦ recipients=ann@example.com ¦ always_trust=True ¦ ${HOME}`),
        call(`gpg.encrypt ¦ text=Hello ¦ recipients=bob@example.com ¦ always_trust=True ¦ ${HOME}`),
        call(
          `gpg.encrypt ¦ filename=${files}/letter ¦ recipients=${print} ¦ sign=True ¦ ` +
            `always_trust=True ¦ output=/run/secret ¦ ${HOME}`,
        ),
        call(`gpg.decrypt ¦ filename=/run/secret ¦ bare=True ¦ ${HOME}`),
        call(`gpg.sign ¦ text=Hello ¦ ${HOME}`),
        call(`gpg.sign ¦ filename=${files}/letter ¦ output=/run/signed ¦ ${HOME}`),
        call(`gpg.verify ¦ filename=/run/signed ¦ ${HOME}`),
        call(`gpg.sign ¦ text=Hello ¦ use_passphrase=True ¦ ${HOME}`),
        call(`gpg.sign ¦ ${HOME}`),
        call(`gpg.export_key ¦ keyids=${print} ¦ ${HOME}`),
        call(`gpg.export_key ¦ keyids=nobody@example.com ¦ ${HOME}`),
        call(`gpg.export_key ¦ keyids=${print} ¦ output=/run/out.asc ¦ ${HOME}`),
        call(`gpg.import_key ¦ filename=${files}/secret.asc ¦ user=root`),
        call(`gpg.trust_key ¦ keyid=${print.slice(-8)} ¦ trust_level=marginally ¦ user=root`),
        call(`gpg.trust_key ¦ fingerprint=${print} ¦ trust_level=ultimately ¦ user=root`),
        call(`gpg.trust_key ¦ fingerprint=${print} ¦ trust_level=nonsense ¦ user=root`),
        call("gpg.trust_key ¦ keyid=ABCDABCD ¦ trust_level=fully ¦ user=root"),
        call("gpg.trust_key"),
        call("gpg.list_keys ¦ user=root"),
        call(`gpg.delete_key ¦ keyid=${print.slice(-8)} ¦ use_passphrase=False`),
        call(`gpg.delete_key ¦ fingerprint=${print} ¦ use_passphrase=False ¦ delete_secret=True`),
        call(`gpg.delete_key ¦ fingerprint=${print} ¦ use_passphrase=False`),
        call(`gpg.delete_key ¦ fingerprint=${print} ¦ keyid=ABCD`),
        call("gpg.delete_key"),
        call("gpg.list_keys"),
        call(`gpg.create_key ¦ name_email=bob@example.com ¦ key_length=1024 ¦ ${HOME}`, made),
        call("gpg.create_key ¦ use_passphrase=True"),
      ].map((one) => one.fun === "gpg.create_key" ? one : { ...one, normalise: withoutArmor }));
    } finally {
      for (const home of [join(files, "home"), "/run/gpg", "/run/own", "/root/.gnupg"]) {
        for (const folder of folders) {
          await runOn(folder, "gpgconf", "--homedir", home, "--kill", "all").catch(() => {});
        }
      }
    }
  });
});
