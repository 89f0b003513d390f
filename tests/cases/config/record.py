"""Records what real Salt does with configuration and YAML, for the tests to compare with.

Run it with the Python of a venv that has Salt in it, from the project's root:

    .cache/venvs/salt-3006.30/bin/python tests/cases/config/record.py

It writes tests/cases/config/defaults.json (types and defaults), tests/cases/config/loaded.json (what
becomes of the trees in tests/cases/config/trees.json) and tests/cases/yaml/{loader,dumper}.json.
"""

import base64
import json
import os
import pathlib
import shutil
import tempfile
from unittest import mock

import yaml

import salt.config
import salt.utils.yaml
import salt.version

CASES = pathlib.Path("tests/cases")


def type_name(kind):
    if kind is None or kind is type(None):
        return "null"
    if isinstance(kind, tuple):
        return "|".join(sorted(type_name(part) for part in kind))
    return kind.__name__


def plain(value):
    """A value as JSON, with a note where JSON has no such type."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else {"$int": str(value)}
    if isinstance(value, float):
        return {"$float": repr(value)}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, (set, frozenset)):
        return {"$map": [[str(key), None] for key in sorted(value)]}
    if hasattr(value, "items"):
        return {"$map": sorted(
            ([str(key), plain(item)] for key, item in value.items()), key=lambda pair: pair[0]
        )}
    return [plain(item) for item in value]


def write(name, data):
    path = CASES / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1, ensure_ascii=True) + "\n", encoding="utf-8")


def record_defaults():
    # What hangs on the host is left out.
    skipped = {"ipc_write_buffer", "user", "conf_file", "ssh_config_file", "ipc_mode"}
    write(
        "config/defaults.json",
        {
            "salt": salt.version.__version__,
            "types": {k: type_name(v) for k, v in sorted(salt.config.VALID_OPTS.items())},
            "master": {
                k: plain(v)
                for k, v in sorted(salt.config.DEFAULT_MASTER_OPTS.items())
                if k not in skipped
            },
            "minion": {
                k: plain(v)
                for k, v in sorted(salt.config.DEFAULT_MINION_OPTS.items())
                if k not in skipped
            },
        },
    )


def replaced(value, old, new):
    """A value with a text replaced everywhere in it."""
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, dict):
        return {replaced(k, old, new): replaced(v, old, new) for k, v in value.items()}
    if isinstance(value, list):
        return [replaced(item, old, new) for item in value]
    return value


def load_tree(case, root):
    for name, text in case["files"].items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("@ROOT@", str(root)), encoding="utf-8")
    path = str(root / "etc" / case["role"])
    with mock.patch("salt.utils.network.generate_minion_id", return_value="host.example.org"):
        if case["role"] == "master":
            opts = salt.config.master_config(path, exit_on_config_errors=False)
        else:
            opts = salt.config.minion_config(path)
    return replaced({key: plain(opts.get(key)) for key in case["keys"]}, str(root), "@ROOT@")


def record_trees():
    trees = json.loads((CASES / "config/trees.json").read_text(encoding="utf-8"))
    loaded = {}
    for case in trees:
        root = pathlib.Path(tempfile.mkdtemp())
        try:
            loaded[case["name"]] = load_tree(case, root)
        finally:
            shutil.rmtree(root)
    write("config/loaded.json", {"salt": salt.version.__version__, "loaded": loaded})


def record_loader():
    texts = json.loads((CASES / "yaml/texts.json").read_text(encoding="utf-8"))
    cases = []
    for text in texts:
        try:
            cases.append({"yaml": text, "value": plain(salt.utils.yaml.safe_load(text))})
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            cases.append({"yaml": text, "line": mark.line + 1 if mark else None})
        except Exception as error:  # pylint: disable=broad-except
            cases.append({"yaml": text, "crash": type(error).__name__})
    write("yaml/loader.json", {"salt": salt.version.__version__, "cases": cases})


def record_dumper():
    values = json.loads((CASES / "yaml/values.json").read_text(encoding="utf-8"))
    cases = [
        {"value": plain(v), "yaml": salt.utils.yaml.safe_dump(v, default_flow_style=False)}
        for v in values
    ]
    write("yaml/dumper.json", {"salt": salt.version.__version__, "cases": cases})


if __name__ == "__main__":
    os.environ.pop("SALT_CONFIG_DIR", None)
    record_defaults()
    record_trees()
    record_loader()
    record_dumper()
