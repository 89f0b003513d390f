"""Runs every case of key_cli.json with the real salt-key and writes down what it says and does.

    python3 tests/cases/key_cli_record.py VENV/bin/salt-key

Texts that hold the temporary folder get {root} in its place. Where saltx differs on purpose, "ours"
of a case holds what differs and why; that is not touched.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

FOLDERS = ("minions", "minions_pre", "minions_rejected", "minions_denied")
CASES = pathlib.Path(__file__).with_name("key_cli.json")


def lay_out(root, case, keys):
    """Makes the configuration and the pki folder that a case starts from."""
    (root / "etc").mkdir()
    opts = {
        "root_dir": root,
        "pki_dir": root / "pki",
        "cachedir": root / "cache",
        "sock_dir": root / "sock",
        "key_logfile": root / "key.log",
    }
    (root / "etc" / "master").write_text("".join(f"{k}: {v}\n" for k, v in opts.items()))
    if case.get("pki") is None:
        return
    (root / "cache").mkdir()
    for folder in FOLDERS:
        (root / "pki" / folder).mkdir(parents=True)
    for path, key in case["pki"].items():
        (root / "pki" / path).write_text(keys[key])


def tree(root):
    """The pki folder after a case: names, and whether the session key is to be rotated."""
    names = sorted(
        str(p.relative_to(root / "pki")) for p in (root / "pki").rglob("*") if p.is_file()
    )
    return {"files": names, "rotate": (root / "cache" / ".dfn").exists()}


def run(salt_key, case, keys):
    root = pathlib.Path(tempfile.mkdtemp(prefix="key_cli_"))
    try:
        lay_out(root, case, keys)
        args = [a.replace("{root}", str(root)) for a in case["args"]]
        done = subprocess.run(
            [salt_key, "-c", str(root / "etc"), *args],
            input=case.get("stdin", ""),
            capture_output=True,
            text=True,
            check=False,
        )
        case["stdout"] = done.stdout.replace(str(root), "{root}")
        case["stderr"] = done.stderr.replace(str(root), "{root}")
        case["code"] = done.returncode
        case["after"] = tree(root)
    finally:
        shutil.rmtree(root)


def main():
    data = json.loads(CASES.read_text())
    for case in data["cases"]:
        run(sys.argv[1], case, data["keys"])
        print(case["name"], case["code"])
    CASES.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n")


main()
