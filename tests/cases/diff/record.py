"""Writes unified diffs of Python's difflib into unified.json beside this file.

    python3 tests/cases/diff/record.py

Each case: the lines before, the lines after, and the diff. Lines are made at random from a fixed seed.
"""

import difflib
import json
import os
import random

random.seed(5)
cases = []
for number in range(80):
    words = [f"l{i}\n" for i in range(random.choice([2, 5, 40, 300]))]
    before = [random.choice(words) for _ in range(random.choice([0, 1, 3, 8, 30, 210]))]
    after = list(before)
    for _ in range(random.choice([0, 1, 2, 5, 20])):
        kind = random.random()
        if kind < 0.4 and after:
            del after[random.randrange(len(after))]
        elif kind < 0.8:
            after.insert(random.randrange(len(after) + 1), random.choice(words))
        elif after:
            i, j = random.randrange(len(after)), random.randrange(len(after))
            after[i], after[j] = after[j], after[i]
    if number % 5 == 0 and after:
        after[-1] = after[-1].rstrip("\n")
    cases.append([before, after, "".join(difflib.unified_diff(before, after, "old", "new"))])

with open(os.path.join(os.path.dirname(__file__), "unified.json"), "w", encoding="utf-8") as file:
    file.write("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
