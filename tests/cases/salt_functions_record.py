"""Writes down which execution functions a release of real Salt has, and with which arguments.

    .cache/venvs/salt-3008.5/bin/python tests/cases/salt_functions_record.py [VENV_OF_AN_OLDER_RELEASE]

What loads on this machine is asked of Salt's loader, as `sys.argspec` does; of other modules (those
of other systems) the source file is imported. Modules that only the older release has are added from
there, with its version: newer releases of Salt have them as extensions.
"""

import importlib
import inspect
import json
import logging
import pathlib
import subprocess
import sys
import tempfile
import warnings

warnings.simplefilter("ignore")

import salt.config
import salt.loader
import salt.modules
import salt.version

logging.disable(logging.CRITICAL)


def signature(function):
    """A function's arguments as `name, refresh=False, *args, **kwargs`."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    words = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            words.append("*args")
        elif parameter.kind is parameter.VAR_KEYWORD:
            words.append("**kwargs")
        elif parameter.default is parameter.empty:
            words.append(parameter.name)
        else:
            words.append("%s=%s" % (parameter.name, default(parameter.default)))
    return ", ".join(words)


def default(value):
    """Defaults that no call can give, such as classes, have no text of their own."""
    plain = (str, int, float, bool, list, tuple, dict, type(None))
    if isinstance(value, tuple):
        value = list(value)
    return repr(value) if isinstance(value, plain) else "..."


def of_file(stem):
    """The name a file's module has when it loads, and its functions."""
    module = importlib.import_module("salt.modules." + stem)
    aliases = getattr(module, "__func_alias__", {})
    names = getattr(module, "__load__", None) or dir(module)
    found = {}
    for name in names:
        value = getattr(module, name, None)
        own = getattr(value, "__module__", "") == module.__name__
        if name.startswith("_") or not inspect.isfunction(value) or not own:
            continue
        found[aliases.get(name, name)] = signature(value)
    return getattr(module, "__virtualname__", stem), found


def of_loader():
    """Functions of what loads here: name of the file, name as called, functions."""
    with tempfile.TemporaryDirectory() as root:
        path = pathlib.Path(root, "minion")
        path.write_text("root_dir: %s\nid: recorded\nfile_client: local\n" % root)
        opts = salt.config.minion_config(str(path))
        opts["grains"] = salt.loader.grains(opts)
        loaded = salt.loader.minion_mods(opts, utils=salt.loader.utils(opts))
        found = {}
        for name in loaded:
            module, function = name.split(".", 1)
            called = loaded[name]
            called = getattr(called, "func", called)
            stem = called.__globals__["__name__"].rsplit(".", 1)[-1]
            found.setdefault(module, {})[function] = (stem, signature(called))
        return found


def main():
    folder = pathlib.Path(salt.modules.__file__).parent
    modules = {}
    for path in sorted(folder.iterdir()):
        stem = path.stem
        if path.suffix != ".py" or stem == "__init__":
            continue
        try:
            called, functions = of_file(stem)
        except Exception as error:  # pylint: disable=broad-except
            print("%s: %s" % (stem, error), file=sys.stderr)
            continue
        modules[stem] = {"called": called, "functions": functions}
    for called, functions in of_loader().items():
        stems = [stem for stem, _ in functions.values() if stem in modules]
        if not stems:
            continue
        stem = max(set(stems), key=stems.count)
        modules[stem]["called"] = called
        own = {name: spec for name, (file, spec) in functions.items() if file == stem}
        modules[stem]["functions"].update(own)
    for entry in modules.values():
        entry["functions"] = dict(sorted(entry["functions"].items()))
    table = {"version": salt.version.__version__, "modules": modules}
    if sys.argv[1:2] == ["--print"]:
        json.dump(table, sys.stdout)
        return
    for venv in sys.argv[1:]:
        argv = [str(pathlib.Path(venv, "bin", "python")), __file__, "--print"]
        older = json.loads(subprocess.run(argv, stdout=subprocess.PIPE, check=True).stdout)
        for stem, entry in older["modules"].items():
            if stem not in modules:
                modules[stem] = {"since gone": older["version"], **entry}
    table["modules"] = dict(sorted(modules.items()))
    target = pathlib.Path(__file__).with_name("salt_functions.json")
    target.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n")


main()
