"""Writes what Python's re.subn makes of patterns, templates and texts into sub.json beside this file.

    python3 tests/cases/pcre/record_sub.py

Each case: pattern, template, text, count, whether `^` and `$` stand for lines, and the new text with the
number of replacements; null where Python refuses the template.
"""

import json
import os
import re
import warnings

warnings.simplefilter("ignore")

PATTERNS = [
    r"a*", r"b|", r"|b", r"(a)(b)?", r"^", r"$", r"\b", r"x*?", r"(?P<n>\w+)\s", r"(.)\1",
    r"^(\w+)=(.*)$", r"[^\n]+", r"\d{2,3}", r"(?:foo|bar)+", r"o(?=b)", r"(?<=a)b", r"", r"\s+$",
]
TEMPLATES = ["X", r"<\1>", r"\g<0>!", r"\g<n>.", r"a\nb", r"\\", r"[\g<1>]", r"\0", "\\.", r"\q"]
TEXTS = ["", "aab", "foobar foo=bar\nab ab\n", "a=1\nbb = 22\n  x\n", "ééab 123 45\n"]

cases = []
for pattern in PATTERNS:
    for template in TEMPLATES:
        for text in TEXTS:
            for count, lines in ((0, False), (0, True), (2, True)):
                try:
                    flags = re.M if lines else 0
                    result = list(re.subn(re.compile(pattern, flags), template, text, count))
                except (re.error, IndexError):
                    result = None
                cases.append([pattern, template, text, count, lines, result])

with open(os.path.join(os.path.dirname(__file__), "sub.json"), "w", encoding="utf-8") as file:
    file.write("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
