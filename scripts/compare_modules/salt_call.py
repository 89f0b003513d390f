"""Runs `salt-call --local` of real Salt for many functions in one process, so that it starts only once.

Reads {"config": folder, "calls": [[fun, words, plays], ...], "play": folder, "seeds": [[path, kind, content,
mode], ...]} from standard input and writes [[standard output, standard error, exit code, files], ...]. All
but the start is what the program itself does: its options, its caller, its outputter. Used by
scripts/compare_modules/executable.ts.
"""

import io
import json
import logging
import os
import sys
import traceback
import warnings

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

import salt.cli.call
import salt.cli.caller

from driver import fill, look


class Ready(Exception):
    """The program has made its caller."""


def make_caller(config):
    """The caller that salt-call makes, from its own reading of the command line."""
    made = []
    factory = salt.cli.caller.Caller.factory

    def keep(opts, **kwargs):
        made.append(factory(opts, **kwargs))
        raise Ready

    salt.cli.caller.Caller.factory = staticmethod(keep)
    sys.argv = ["salt-call", "--local", "-c", config, "--out=json", "--retcode-passthrough"]
    sys.argv += ["--log-level=quiet", "test.ping"]
    try:
        salt.cli.call.SaltCall().run()
    except Ready:
        pass
    return made[0]


def run(caller, fun, words):
    """Standard output, standard error and exit code of one call."""
    caller.opts["fun"] = fun
    caller.opts["arg"] = words
    context = caller.minion.functions.pack["__context__"]
    context.clear()
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
    code = 0
    try:
        caller.run()
    except SystemExit as exc:
        if isinstance(exc.code, int):
            code = exc.code & 255
        elif exc.code is not None:
            print(exc.code, file=sys.stderr)
            code = 1
    except Exception:  # pylint: disable=broad-except
        traceback.print_exc()
        code = 1
    finally:
        wrote = sys.stdout.getvalue(), sys.stderr.getvalue()
        sys.stdout, sys.stderr = streams
    return [*wrote, code]


def main():
    task = json.load(sys.stdin)
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    caller = make_caller(task["config"])
    results = []
    for fun, words, plays in task["calls"]:
        if plays is True:
            fill(task["play"], task["seeds"])
        result = run(caller, fun, words)
        results.append([*result, look(task["play"]) if plays else []])
    json.dump(results, out)
    out.close()


main()
