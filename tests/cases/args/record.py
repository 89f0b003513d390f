"""Writes what real Salt makes of command line words into the JSON files beside this one.

    .cache/venvs/salt-3006.30/bin/python tests/cases/args/record.py

Results stand as Python's repr, since JSON cannot tell 1.0 from 1. Map keys are made text first,
because saltx' maps have text keys.
"""

import json
import os
import random

import salt.utils.args

WORDS = r'''
a|foo bar|0|00|007|0644|0o644|-0644|+5|-5|5.|.5|-.5|5.0|1e3|1e+3|1.0e3|1.5e+3|1.5E-3|1_000|1_000.5|_1|1_
0x1f|0xff_ff|0b101|0b|0x|1:30|1:30:00|1:30.5|00:10|12:99|20260101|20211118112233445566
2021-01-01|2021-01-01 10:00:00|2021-01-01T10:00:00Z|10:00:00|None|none|null|Null|NULL|~|True|true|TRUE|yes
Yes|no|NO|on|Off|y|n|tRUE|inf|.inf|-.inf|.nan|.NaN|nan|#|# comment|a # b|a#b|5 # five|[1] # one|{a: 1} # m
a: b|a: b # c|a:b|a :b|a : b|key:|: a|- a|- a # b|-|--|---|...|--- a|? a|?a|!|!a|!!str 5|!!int '5'|!!float 5
!!bool yes|!!null x|!!python/object:os.system x|&a b|*a||||-|> x|%a|@a|`a`|'a'|'a''b'|"a"|"a\nb"|"\x41"|"\\q"|'a|"a
'5'|"5"|'a' b|"a": b|[]|{}|[a]|[a, b]|[a,b]|[1, 2.0, yes, null]|[a, [b, {c: d}]]|[a: b]|[a, b: c]|[,]|[a,]|[a,,b]
[a|a]|]|}|{a}|{a: b}|{a:b}|{a: b, c: [1, 2]}|{a: {b: c}}|{a: b, a: c}|{1: a, true: b}|{[a]: b}|{a: b}x|[a] b
{"a":1}|{'a':1}|{a: 'b'}|{a: }|{a: , b: }|{<<: {a: 1}, b: 2}|{<<: [{a: 1}, {a: 2}], a: 3}|[=]|=|<<|a=b|[a=b]
[&x 1, *x]|[*y]|{a: "b, c"}|{a: b # c}|http://a/b?c=d&e|/etc/foo|*.txt|a*|*|foo, bar|foo,bar|,a|a,|(a)|$HOME|$(x)
 5 | a |  |~a|a\b|C:\a|1.2.3.4|1.2.3|1.2|1.10|10.0.0.0/8|::1|fe80::1|2001:db8::1|a@b|100%|%20|50 %|1,000|1 000
0.0|-0|-0.0|+0|1e1000|123456789012345678901234567890|9007199254740993|-9223372036854775808|é|日本語|{é: ü}
python3 -c 'print(1)'|echo "a b"|ls -l /tmp|rm -rf x && y|a | b|a; b|if [ -f x ]; then y; fi|[ -f x ] && y
{{ grains.id }}|{% if x %}|{a: {{x}}}|salt://a/b.sls|G@os:Debian and not web*|os:Debian|env: base|a?b|what?|why? me
'' |""|'|"|""""|'a' 'b'|"a\"b"|["a", 'b']|{a: [], b: {}}|[[], {}]|[null, ~, '']|<a>|<<a|>a|>a b|a>b|a < b|^a$|a|b
'''


def words():
    seen = {}
    for line in WORDS.strip("\n").split("\n"):
        for word in line.split("|"):
            seen[word] = True
    for extra in ["a|b", "| a", "|", ">", "a\tb", "a\nb", "\n", "a: b\nc: d", "[a,\n b]"]:
        seen[extra] = True
    return list(seen)


PIECES = (
    "a b foo 1 0 5 - _ : , [ ] { } ' \" # &x *x ! | > ? % @ ` ~ null true No 0x1f 1.0 1e3 .5 1:30 012 "
    "\\n \\x41 \\ ( ) . / $ é None ={ }= =="
).split() + [" ", "  ", ": ", " #", "- ", ", ", "!!str ", "!!int "]


def random_words(count):
    rand = random.Random(20)
    made = []
    for _ in range(count):
        word = "".join(rand.choice(PIECES) for _ in range(rand.randint(1, 7)))
        shape = rand.random()
        made.append("[%s]" % word if shape < 0.3 else "{%s}" % word if shape < 0.6 else word)
    return made


LINES = [
    ["uptime"],
    ["uptime", "timeout=5"],
    ["a=1", "b=None", "c=[1, 2]", "d={x: y}", "e=text with space", "f="],
    ["a==b"],
    ["=b"],
    ["1a=b"],
    ["_a=b"],
    ["a-b=c"],
    ["a.b=c"],
    ["a b=c"],
    ["é=c"],
    ["a=b=c"],
    ["a=b\nc"],
    ["x\na=b"],
    ["a=b\n"],
    ["PATH=/bin ls"],
    ["name='quoted'"],
    ["name=\"5\""],
    ["20211118112233445566"],
    ["jid=20211118112233445566"],
    ["x=2021-01-01"],
    ["a=1", "a=2"],
    ["a", "b=1", "c"],
    [{"__kwarg__": True, "a": 1}, "b"],
    [{"a": 1}, 5, None, True, [1]],
    ["env={PATH: /bin}"],
    ["cmd='a=b'"],
    ["test=True"],
    ["pillar={\"a\": {\"b\": [1, 2]}}"],
    ["mode=0644"],
    ["a[b]=c"],
    ["a:b=c"],
    ["http://x/?a=b"],
    ["--flag=1"],
    ["#=1"],
    ["x=#1"],
    ["x=a # b"],
]


def plain(value):
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def write(folder, name, cases):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        lines = [json.dumps(case, ensure_ascii=False) for case in cases]
        file.write("[\n  " + ",\n  ".join(lines) + "\n]\n")


def main():
    folder = os.path.dirname(os.path.abspath(__file__))
    texts = words() + random_words(250)
    write(folder, "yamlify.json", [[t, repr(plain(salt.utils.args.yamlify_arg(t)))] for t in texts])
    lines = []
    for line in LINES:
        given = json.loads(json.dumps(line))
        lines.append([line, repr(plain(salt.utils.args.parse_input(given)))])
    for line, names in [(["a=5", "b=5"], ["a"]), (["a=[1]", "x"], ["a", "x"])]:
        given = salt.utils.args.parse_input(list(line), no_parse=names)
        lines.append([line, repr(plain(given)), names])
    write(folder, "parse_input.json", lines)


main()
