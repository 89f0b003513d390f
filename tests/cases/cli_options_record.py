"""Writes down which options the help of real Salt's programs names.

    python3 tests/cases/cli_options_record.py VENV/bin
"""

import json
import pathlib
import re
import subprocess
import sys

PROGRAMS = ("salt", "salt-key", "salt-call", "salt-run", "salt-cp")
DAEMONS = ("salt-master", "salt-minion", "salt-syndic", "salt-api")


def options_of(program):
    """Every flag that stands at the beginning of an option's entry."""
    text = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    flags = set()
    for line in text.splitlines():
        entry = re.match(r"^\s{2,4}(-{1,2}[A-Za-z].*)$", line)
        if entry:
            synopsis = entry.group(1).split("  ")[0]
            flags.update(re.findall(r"(?<![\w-])(--?[A-Za-z][\w-]*)", synopsis))
    return sorted(flags)


def main():
    folder = pathlib.Path(sys.argv[1])
    table = {name: options_of(folder / name) for name in PROGRAMS + DAEMONS}
    target = pathlib.Path(__file__).with_name("cli_options.json")
    target.write_text(json.dumps(table, indent=1) + "\n")


main()
