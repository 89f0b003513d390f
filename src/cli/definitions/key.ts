/**
 * `saltx key`: the minions' keys.
 * @module
 */
import { basics, eauth, hardCrash, logging, user } from "./common.ts";
import { output } from "./output.ts";
import type { OptionDef, OptionGroup, ToolDef } from "./types.ts";

function one(flags: readonly string[], dest: string, doc: string): OptionDef {
  return { flags, dest, kind: "text", default: "", completes: "minion", doc };
}

function flag(flags: readonly string[], dest: string, doc: string): OptionDef {
  return { flags, dest, kind: "flag", default: false, doc };
}

const actions: OptionGroup = {
  title: "Actions",
  options: [
    {
      flags: ["-l", "--list"],
      dest: "list",
      kind: "text",
      default: "",
      metavar: "ARG",
      completes: "none",
      doc:
        "List keys: pre, un or unaccepted; acc or accepted; rej or rejected; den or denied; all.",
    },
    flag(["-L", "--list-all"], "list_all", "List all keys."),
    one(
      ["-a", "--accept"],
      "accept",
      "Accept the pending keys that this id, list or glob matches.",
    ),
    flag(["-A", "--accept-all"], "accept_all", "Accept all pending keys."),
    one(
      ["-r", "--reject"],
      "reject",
      "Reject the pending keys that this id, list or glob matches.",
    ),
    flag(["-R", "--reject-all"], "reject_all", "Reject all pending keys."),
    flag(
      ["--include-all"],
      "include_all",
      "Look among rejected (when accepting) or accepted (when rejecting) and denied keys too.",
    ),
    flag(
      ["--include-accepted"],
      "include_accepted",
      "Look among accepted keys too when rejecting.",
    ),
    flag(
      ["--include-rejected"],
      "include_rejected",
      "Look among rejected keys too when accepting.",
    ),
    flag(["--include-denied"], "include_denied", "Look among denied keys too."),
    one(["-p", "--print"], "print", "Print the public keys that this id, list or glob matches."),
    flag(["-P", "--print-all"], "print_all", "Print all public keys."),
    one(["-d", "--delete"], "delete", "Delete the keys that this id, list or glob matches."),
    flag(["-D", "--delete-all"], "delete_all", "Delete all keys."),
    one(["-f", "--finger"], "finger", "Print the fingerprints of the matching keys."),
    flag(["-F", "--finger-all"], "finger_all", "Print all fingerprints, the master's too."),
  ],
};

const generation: OptionGroup = {
  title: "Key Generation Options",
  options: [
    {
      flags: ["--gen-keys"],
      dest: "gen_keys",
      kind: "text",
      default: "",
      completes: "none",
      doc: "Make a key pair of this name.",
    },
    {
      flags: ["--gen-keys-dir"],
      dest: "gen_keys_dir",
      kind: "text",
      default: ".",
      completes: "dir",
      doc: "Where --gen-keys puts the pair.",
    },
    {
      flags: ["--keysize"],
      dest: "keysize",
      kind: "int",
      default: 2048,
      doc: "Bits of the pair; at least 2048.",
    },
    flag(
      ["--gen-signature"],
      "gen_signature",
      "Sign the master's public key into master_pubkey_signature, which minions can verify.",
    ),
    {
      flags: ["--priv"],
      dest: "priv",
      kind: "text",
      default: "",
      completes: "file",
      doc: "The private key to sign with.",
    },
    {
      flags: ["--signature-path"],
      dest: "signature_path",
      kind: "text",
      default: "",
      completes: "dir",
      doc: "Where the signature goes.",
    },
    {
      flags: ["--pub"],
      dest: "pub",
      kind: "text",
      default: "",
      completes: "file",
      doc: "The public key to sign.",
    },
    flag(["--auto-create"], "auto_create", "Make the signing pair when there is none."),
  ],
};

/** `saltx key`. */
export const key: ToolDef = {
  role: "key",
  program: "salt-key",
  usage: "[options]",
  description: "Shows, accepts, rejects and deletes the keys of minions. Needs no running master.",
  config: "master",
  groups: [
    {
      title: "Options",
      options: [
        ...basics,
        user,
        hardCrash,
        flag(["-q", "--quiet"], "quiet", "Print nothing."),
        flag(["-y", "--yes"], "yes", "Answer yes to every question."),
        {
          flags: ["--rotate-aes-key"],
          dest: "rotate_aes_key",
          kind: "text",
          defaultDoc: "True",
          completes: "none",
          doc:
            "False keeps the session key when keys are deleted or rejected, which leaves their " +
            "owners able to read what is published.",
        },
        {
          flags: ["--preserve-minions"],
          dest: "preserve_minions",
          kind: "text",
          defaultDoc: "False",
          completes: "none",
          doc: "True keeps cached data of minions whose keys are deleted.",
        },
      ],
    },
    eauth({ shortAuth: false }),
    output(),
    actions,
    generation,
    logging("/var/log/salt/key", { shortLevel: false, fileDest: "key_logfile" }),
  ],
  examples: ["saltx key -L", "saltx key -f web1", "saltx key -a 'web*' -y"],
};
