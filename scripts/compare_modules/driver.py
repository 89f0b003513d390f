"""Calls functions of real Salt in one process, as `salt-call --local` would one by one.

Reads {"config": path, "grains": map or null, "pillar": map, "calls": [[fun, words, plays], ...], "play":
folder, "seeds": [[path, kind, content, mode], ...]} from standard input, writes [[return as repr, retcode,
out], ...] and the grains. The folder is filled anew before calls that play in it, and what is in it
afterwards follows what they return. Used by scripts/compare_modules.ts.
"""

import base64
import json
import logging
import os
import shutil
import stat
import sys
import traceback
import warnings

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

import salt.config
import salt.loader
import salt.minion
import salt.utils.args
from salt.exceptions import (
    CommandExecutionError,
    CommandNotFoundError,
    SaltClientError,
    SaltInvocationError,
)


def plain(value):
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(plain(item) for item in value)
    return value


def fill(folder, seeds):
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder, 0o755)
    for path, kind, content, mode in seeds:
        full = os.path.join(folder, path)
        if kind == "link":
            os.symlink(content, full)
            continue
        if kind == "dir":
            os.mkdir(full)
        else:
            with open(full, "wb") as out:
                out.write(content.encode())
        os.chmod(full, mode)
        os.utime(full, (1704110400, 1704110400))


def look(folder):
    names = []
    for root, dirs, files in os.walk(folder):
        names += [os.path.relpath(os.path.join(root, name), folder) for name in dirs + files]
    lines = []
    for name in sorted(names):
        full = os.path.join(folder, name)
        info = os.lstat(full)
        mode = "%o" % (info.st_mode & 0o7777)
        if stat.S_ISLNK(info.st_mode):
            lines.append("%s link %s" % (name, os.readlink(full)))
        elif stat.S_ISDIR(info.st_mode):
            lines.append("%s dir %s" % (name, mode))
        elif not stat.S_ISREG(info.st_mode):
            lines.append("%s other %s" % (name, mode))
        else:
            with open(full, "rb") as source:
                text = base64.b64encode(source.read()).decode()
            lines.append("%s file %s %s" % (name, mode, text))
    return lines


def call(functions, name, words):
    if name not in functions:
        return functions.missing_fun_string(name), 1, "nested"
    func = functions[name]
    context = functions.pack["__context__"]
    context["retcode"] = 0
    try:
        args, kwargs = salt.minion.load_args_and_kwargs(
            func,
            salt.utils.args.parse_input(words),
            {"fun": name, "jid": "20260101000000000000", "tgt": "salt-call"},
        )
        value = func(*args, **kwargs)
        retcode = context.get("retcode", 0)
        if retcode == 0 and isinstance(value, dict):
            retcode = 0 if all(value.get(key, True) for key in ("result", "success")) else 1
        return value, retcode, None
    except CommandNotFoundError as exc:
        return "Command required for '%s' not found: %s" % (name, exc), 1, "nested"
    except CommandExecutionError as exc:
        return "ERROR: %s" % exc, 1, "nested"
    except (SaltInvocationError, SaltClientError) as exc:
        return "ERROR executing '%s': %s" % (name, exc), 1, "nested"
    except TypeError as exc:
        return "Passed invalid arguments to %s: %s" % (name, exc), 1, "nested"
    except Exception as exc:  # pylint: disable=broad-except
        return "The minion function caused an exception: %s" % type(exc).__name__, 1, "nested"


def main():
    task = json.load(sys.stdin)
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    opts = salt.config.minion_config(task["config"])
    opts["file_client"] = "local"
    opts["grains"] = task["grains"] or salt.loader.grains(opts)
    opts["pillar"] = task["pillar"]
    functions = salt.loader.minion_mods(opts, utils=salt.loader.utils(opts))
    results = []
    for name, words, plays in task["calls"]:
        if plays is True:
            fill(task["play"], task["seeds"])
        value, retcode, shown = call(functions, name, words)
        text = repr(plain(value))
        if plays:
            text += "\n" + "\n".join(look(task["play"]))
        results.append([text, retcode, shown])
    json.dump({"grains": plain(opts["grains"]), "results": results}, out)
    out.close()


if __name__ == "__main__":
    main()
