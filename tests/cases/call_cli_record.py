"""Runs every case of call_cli.json with the real salt-call and writes down what it says and does.

    python3 tests/cases/call_cli_record.py VENV/bin/salt-call

Job ids are replaced by {jid}, the temporary folder by {root}. Where saltx differs on purpose, "ours"
of a case holds what differs and why; that is not touched.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

CASES = pathlib.Path(__file__).with_name("call_cli.json")


def run(salt_call, case):
    with tempfile.TemporaryDirectory(prefix="call_cli_") as root:
        etc = pathlib.Path(root, "etc")
        etc.mkdir()
        (etc / "minion").write_text(
            f"root_dir: {root}\nid: caller\nlog_level: critical\nenable_fqdns_grains: false\n"
            f"cachedir: {root}/cache\npki_dir: {root}/pki\nlog_file: {root}/log\n"
        )
        pathlib.Path(root, "pillar").mkdir()
        pathlib.Path(root, "pillar", "top.sls").write_text("base:\n  '*':\n    - here\n")
        pathlib.Path(root, "pillar", "here.sls").write_text("colour: green\n")
        args = [a.replace("{root}", root) for a in case["args"]]
        done = subprocess.run(
            [salt_call, "-c", str(etc), *args],
            capture_output=True,
            text=True,
            check=False,
        )

        def shown(text):
            text = re.sub(r"(?m)^\S+: DeprecationWarning: .*\n  .*\n", "", text)
            return re.sub(r"\b\d{20}\b", "{jid}", text.replace(root, "{root}"))

        case["stdout"] = shown(done.stdout)
        case["stderr"] = shown(done.stderr)
        case["code"] = done.returncode


def main():
    cases = json.loads(CASES.read_text())
    for case in cases:
        run(sys.argv[1], case)
        print(case["name"], case["code"], flush=True)
    CASES.write_text(json.dumps(cases, indent=1, ensure_ascii=False) + "\n")


main()
