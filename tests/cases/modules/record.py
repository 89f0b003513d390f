"""Writes what real Salt's execution functions return into the JSON files beside this one.

    .cache/venvs/salt-3006.30/bin/python tests/cases/modules/record.py [MODULE…]

Each file holds options, grains and pillar of a minion, and cases: a call `[function, arguments,
keyword arguments]`, and what becomes of it: `return`, or `error` (the exception's class and text).
To add a case, add its call and run this. The calls must not depend on the machine.
"""

import base64
import json
import logging
import os
import sys
import tempfile
import warnings

warnings.simplefilter("ignore")

import salt.config
import salt.loader

logging.disable(logging.CRITICAL)

HERE = os.path.dirname(os.path.abspath(__file__))


def plain(value):
    """What JSON does not have, as tests/support/cases.ts reads it."""
    if isinstance(value, float):
        return {"$float": repr(value)}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def alive(value):
    """The opposite of plain."""
    if isinstance(value, dict):
        if list(value) == ["$float"]:
            return float(value["$float"])
        if list(value) == ["$bytes"]:
            return base64.b64decode(value["$bytes"])
        return {key: alive(item) for key, item in value.items()}
    return [alive(item) for item in value] if isinstance(value, list) else value


def record(path, folder):
    with open(path, encoding="utf-8") as file:
        table = json.load(file)
    opts = salt.config.DEFAULT_MINION_OPTS.copy()
    opts.update(id="tester", root_dir=folder, cachedir=folder, conf_file=folder + "/minion")
    opts.update(file_client="local", pki_dir=folder + "/pki")
    opts.update(table.get("opts", {}))
    for case in table["cases"]:
        opts["grains"] = alive(table.get("grains", {}))
        opts["pillar"] = alive(table.get("pillar", {}))
        modules = salt.loader.minion_mods(opts, utils=salt.loader.utils(opts))
        fun, args, kwargs = case["call"] + [[], {}][len(case["call"]) - 1 :]
        case.pop("return", None)
        case.pop("error", None)
        try:
            case["return"] = plain(modules[fun](*alive(args), **alive(kwargs)))
        except Exception as error:
            case["error"] = [type(error).__name__, str(error)]
    head = {key: value for key, value in table.items() if key != "cases"}
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    cases = ",\n".join("    " + json.dumps(case) for case in table["cases"])
    lines.append(f'  "cases": [\n{cases}\n  ]')
    with open(path, "w", encoding="utf-8") as file:
        file.write("{\n" + ",\n".join(lines) + "\n}\n")


def main():
    names = sys.argv[1:] or [name[:-5] for name in os.listdir(HERE) if name.endswith(".json")]
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            record(os.path.join(HERE, name + ".json"), folder)


main()
