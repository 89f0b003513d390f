"""Writes what Python's re and fnmatch answer, into pcre.json and glob.json beside this file.

    python3.11 tests/cases/pcre/record.py

A row of pcre.json is [pattern, texts, answers]; an answer is [groups of match, span of search, fullmatch].
A pattern that Python refuses has null for answers. A row of glob.json is [pattern, texts, booleans].
"""

import fnmatch
import json
import os
import random
import re
import warnings

warnings.simplefilter("ignore")

TEXTS = ["", "a", "ab", "abc", "aab", "A b", "web1", "web-01.example.com", "É_é\n", "a\nb", "10.0.0.5", "aaa"]
PATTERNS = r"""a a* a+ a? a*? a{2} a{,2} a{1,} a{x a{2}b a*+a a++b (a) (a)(b)? (?P<x>a)(?P=x) (a)\1 (?:a|b)+ a|b|
[abc]+ [^a] [a-c]* []a] [^]a] [a\d-] [\w.-]+ [a^] [[] [b-a] [a a] (a a) * ** a** a*+* a{3,2} ( ) (?P<x>a)(?P<x>b)
(?P<1x>a) (?P=y) \1 (a)\2 \d+ \D \w+ \W \s \S+ \b \Bb \A \Aweb \Z a\Z a$ ^b (?m)^b (?m)a$ (?s)a.b a.b (?i)WEB
(?i:W)eb (?-i:a) (?x)a\ b (?x)a#c (?a)\w+ (?=a)a (?!a). (?<=a)b (?<!a)b (?<=a*)b (?<=ab|c)b (?>a*)a (?(1)a|b)
(a)?(?(1)b|w) (?#note)a a(?#note)* \x61 \u0061 \U00000061 \141 \0 \q \_ \- \. \n \t \N{x} \Q (?L)a (?P>x) (?<n>a)
web\d+(-\d+)? .*\.example\.com$ ^(web|db)[0-9]+ (\d+)\.(\d+)\.(\d+)\.(\d+) [[:alpha:]] .* .+? (.*)* (a*)+ (a|ab)(c|bcd)? É
(?i)é [é-ê] (?i)[a-c]+B \W+$ (a)|(b) (?:(a)|b)* ((a)|b)+ (?:) ()* (?:a{0})* {1} a{1}{2} a??b x*""".split()
PIECES = r"a b c . * + ? *? {2} {1,2} ( ) (?: | [ab] [^a] \d \w \b ^ $ \A \Z (?P<n> \1 (?i: (?= (?! (?<= (?> *+ é - 1".split()
GLOBS = """* ? a a* *a ?b [ab]* [!a]* [a-c]?? [] [ []a] [!]a] [!] [a-] [-a] [c-a] [a-c-e] *.example.com web[0-9]* ** *?*
a?c [[] [!!] [^a]* É* [é-ê]* \\* *\\n* *[0-9].* a*b*c* {a,b} [a [a]b [a]*[b] ???? web-??.* *-01* *e*e*""".split()


def answers(pattern):
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError):
        return None
    rows = []
    for text in TEXTS:
        match, search = compiled.match(text), compiled.search(text)
        rows.append(
            [
                [match.group(0), *match.groups()] if match else None,
                list(search.span()) if search else None,
                bool(compiled.fullmatch(text)),
            ]
        )
    return rows


def write(name, rows):
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, name), "w", encoding="utf-8") as file:
        head = json.dumps({"texts": TEXTS}, ensure_ascii=False)[:-1]
        file.write(head + ', "rows": [\n  ' + ",\n  ".join(json.dumps(r, ensure_ascii=False) for r in rows) + "\n]}\n")


def main():
    rand = random.Random(7)
    patterns = list(PATTERNS)
    while len(patterns) < len(PATTERNS) + 150:
        made = "".join(rand.choice(PIECES) for _ in range(rand.randint(2, 7)))
        made += ")" * (made.count("(") - made.count(")"))
        # What Python of Salt's packages (3.10) and later ones see differently is left out.
        if "(?i)" not in made[1:] and answers(made) is not None:
            patterns.append(made)
    write("pcre.json", [[p, answers(p)] for p in patterns])
    write("glob.json", [[g, [fnmatch.fnmatch(t, g) for t in TEXTS]] for g in GLOBS])


main()
