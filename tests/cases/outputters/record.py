"""Writes down what real Salt's outputters make of each case.

    VENV/bin/python tests/cases/outputters/record.py

Reads and rewrites every *.json beside this file: "data" has the data by name, "cases" is a list of
{name, out, data, opts, call}, to which "expected" is added, or "raises" where Salt fails. Values that
JSON does not have are written as {"$float": "1.0"} and {"$bytes": "<base64>"}. A case with "ours" is
left alone: there saltx differs on purpose, and the case says why.
"""

import base64
import copy
import json
import pathlib
import sys

import salt.config
import salt.output


def revive(value):
    if isinstance(value, list):
        return [revive(item) for item in value]
    if isinstance(value, dict):
        if list(value) == ["$float"]:
            return float(value["$float"])
        if list(value) == ["$bytes"]:
            return base64.b64decode(value["$bytes"])
        return {key: revive(item) for key, item in value.items()}
    return value


def main():
    base = salt.config.DEFAULT_MASTER_OPTS.copy()
    base.update({"extension_modules": "/nonexistent", "color": False})
    for path in sorted(pathlib.Path(__file__).parent.glob("*.json")):
        table = json.loads(path.read_text())
        for case in table["cases"]:
            if "ours" in case:
                continue
            opts = copy.deepcopy(base)
            opts.update(revive(case.get("opts", {})))
            call = revive(case.get("call", {}))
            data = revive(copy.deepcopy(table["data"][case["data"]]))
            try:
                case["expected"] = salt.output.out_format(data, case["out"], opts, **call)
            except Exception as error:  # Whatever it raises is the answer.
                case["raises"] = type(error).__name__
        path.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n")


sys.exit(main())
