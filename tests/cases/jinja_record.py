"""
Renders templates by Salt's own Jinja renderer and writes what came of it to jinja.json.

    .cache/venvs/salt-3006.30/bin/python tests/cases/jinja_record.py
"""

import json
import os
import tempfile

import jinja2
import salt.exceptions
import salt.utils.dictupdate
import salt.utils.jinja
import salt.utils.user
import salt.utils.network
import salt.utils.path
import salt.utils.templates

HERE = os.path.dirname(os.path.abspath(__file__))

CONTEXT = {
    "name": "web1",
    "empty": "",
    "nothing": None,
    "yes": True,
    "no": False,
    "n": 7,
    "big": 2**70,
    "pi": 3.5,
    "whole": 2.0,
    "text": "Hello, World",
    "lines": "one\ntwo\n\nthree",
    "uni": "Grüße 😀",
    "nums": [3, 1, 2],
    "words": ["banana", "apple", "Cherry"],
    "nested": {"a": {"b": [1, {"c": "deep"}]}, "x": "y"},
    "users": [
        {"name": "ann", "age": 31, "group": "admin", "on": True},
        {"name": "bob", "age": 25, "group": "dev", "on": False},
        {"name": "cyd", "age": 31, "group": "dev", "on": True},
    ],
    "cfg": {"port": 80, "host": "h", "on": True, "off": None, "l": [1, 2.0, "x"], "m": "a\nb"},
    "yamltext": "a: 1\nb: [1, 2]\nc: {d: x}\n",
}

FILES = {
    "inc.jinja": "inc:{{ name }}{% set hidden = 1 %}\n",
    "loc.jinja": "[{{ item|default('none') }}]",
    "mac.jinja": "{% macro hi(x, y='d') %}hi {{ x }}-{{ y }}{% endmacro %}{% set val = {'k': [1, 2]} %}"
    "{% set _priv = 1 %}text",
    "ctx.jinja": "{% macro who() %}{{ top|default('?') }}{% endmacro %}",
    "base.jinja": "<{% block head %}base head{% endblock %}|{% block body %}base {{ v|default('nov') }}{% endblock %}>",
    "mid.jinja": "{% extends 'base.jinja' %}{% block head %}mid({{ super() }}){% endblock %}",
    "data.yaml": "k: v\nlist:\n  - 1\n  - two\n",
    "data.json": '{"a": [1, 2.0, null], "b": {"c": true}}',
    "plain.txt": "just {{ name }} text\n",
    "broken.jinja": "ok\n{{ missing_here }}\n",
}

E = [
    # Literals
    "1", "-1", "1_000", "0x1f", "0o17", "0b101", "1.0", "1e3", "1.5e-7", "1e16", "1e22", "'a'", '"it\'s"', "'a' 'b'",
    r"'\n\t\x41\u00e9\\'", "true", "True", "false", "none", "None", "[]", "[1, 'a', 2.0, none, true]", "()", "(1,)",
    "(1, 2)", "1, 2", "{}", "{'a': 1, 2: 'b', none: 3}", "{'a': 'x\\ny'}", "{'q': \"it's\"}", "[['a\\nb']]", "big", "big * 2",
    # Arithmetic
    "1 + 2 * 3", "7 / 2", "6 / 2", "7 // 2", "-7 // 2", "7 % 3", "-7 % 3", "7 % -3", "7.5 // 2", "-7.5 % 2", "2 ** 10",
    "2 ** -1", "2 ** 3 ** 2", "-2 ** 2", "2 ** 100", "10 ** 20 // 3", "1 / 3", "0.1 + 0.2", "1e308 * 10", "3 * 'ab'",
    "'ab' * 2", "[1] * 3", "(1,) * 2", "[1] + [2]", "'a' + 'b'", "'a' ~ 1 ~ none ~ true", "1.0 + 1", "true + 1", "+pi", "-pi",
    "9007199254740993", "9007199254740992 + 1", "9007199254740991 * 3", "1 / 0", "1 // 0", "5 % 0", "1 + 'a'", "'a' + 1",
    "[1] + 'a'", "n + none",
    # Comparison and logic
    "1 < 2", "1 < 2 < 3", "1 < 3 < 2", "1 == 1.0", "true == 1", "'a' < 'b'", "[1, 2] < [1, 3]", "1 == '1'", "1 < 'a'",
    "'a' in 'abc'", "1 in [1, 2]", "'x' in nested", "3 not in [1, 2]", "not 1", "not ''", "1 and 2", "0 and 2", "0 or 'x'",
    "'' or none", "not 1 == 2", "1 in 5", "1 in 'abc'", "nested == nested", "{'a': 1} == {'a': 1.0}", "(1, 2) == [1, 2]",
    "1 if yes else 2", "1 if no else 2", "1 if no", "'a' if no else 'b' if no else 'c'", "(1, 2) < (1, 2, 0)", "none == none",
    # Lookup
    "nested.a.b", "nested['a']['b'][1].c", "nested.a.b.1.c", "nums[0]", "nums[-1]", "nums[5]", "text[0]", "text[-1]", "uni[-1]",
    "text[1:3]", "text[::-1]", "nums[1:]", "nums[:-1]", "nums[::2]", "nums[5:]", "(1, 2, 3)[1:]", "nested.missing",
    "nested['missing']", "missing", "missing.x", "missing['x']", "nested.a.zz.y", "name.missing", "nums.missing", "nothing.x",
    "nested.items()|list", "nested.keys()|list", "nested.keys()", "nested.items()", "cfg.get('port')", "cfg.get('zz')", "cfg.get('zz', 5)",
    "nums.x.y", "n.x", "1[0]", "cfg['port']", "cfg.port.x", "missing()", "name()", "nums()", "none()", "text[1:3:0]",
    # Security
    "''.__class__", "name.__class__.__mro__", "nums.__len__()", "nested.__proto__", "nested.constructor", "nums.constructor",
    "name.constructor", "nums.length", "name.length", "nested['__proto__']", "nested['constructor']", "range.__globals__",
    "nums.map", "name.at", "self.constructor", "cfg.hasOwnProperty",
    # Strings
    "text.upper()", "text.lower()", "'abc def'.title()", "'abc'.capitalize()", "' x '.strip()", "'xxaxx'.strip('x')",
    "'xxa'.lstrip('x')", "'axx'.rstrip('x')", "'a,b,c'.split(',')", "'a b  c'.split()", "'a,b,c'.split(',', 1)", "'a,b,c'.rsplit(',', 1)",
    "' a b  c '.split(none, 1)", "'-'.join(['a', 'b'])", "'-'.join([1])", "'aXbX'.replace('X', 'y')", "'aXbX'.replace('X', 'y', 1)",
    "text.startswith('Hell')", "text.endswith(('x', 'ld'))", "text.find('o')", "text.rfind('o')", "text.find('zz')", "text.index('zz')",
    "text.count('l')", "'a=b=c'.partition('=')", "'a=b=c'.rpartition('=')", "'abc'.partition('x')", "'7'.zfill(3)", "'-7'.zfill(4)",
    "'a'.ljust(3, '.') ~ '|'", "'a'.rjust(3) ~ '|'", "'a'.center(4, '*')", "'ab'.center(5, '*')", "'12'.isdigit()", "'a1'.isalnum()", "'ab'.isalpha()", "' '.isspace()",
    "'AB'.isupper()", "'ab'.islower()", "lines.splitlines()", "lines.splitlines(true)", "'aBc'.swapcase()", "'abc'.removeprefix('a')",
    "'abc'.removesuffix('c')", "'a\\tb'.expandtabs(4)", "'é'.encode()", "uni|length", "uni.upper()", "'abc'.foo()",
    "'{} and {}'.format(1, 'x')", "'{0}-{0}'.format('a')", "'{a}'.format(a=1)", "'{:>5}|{:<5}|{:^5}'.format(1, 'a', 'b')",
    "'{:05d}'.format(42)", "'{:.2f}'.format(3.14159)", "'{:x} {:X} {:o} {:b} {:#x}'.format(255, 255, 8, 5, 255)", "'{:,}'.format(1234567)",
    "'{:e}'.format(12345.678)", "'{:g}'.format(0.0001)", "'{!r}'.format('a')", "'{a[x]}'.format(a={'x': 1})", "'{{}}'.format(1)", "'{:%}'.format(0.25)",
    "'{:+d}'.format(5)", "'{:10.3}|'.format('abcdef')", "'{}'.format()",
    # Percent
    "'%s %s' % (1, 'a')", "'%d' % 3.7", "'%05d|%-5d|%+d' % (42, 42, 42)", "'%5.1f' % 3.14159", "'%x %X %o %#x' % (255, 255, 8, 255)", "'%e' % 12345.678",
    "'%g' % 1e-5", "'%g' % 100000", "'%g' % 1e6", "'%r' % 'a'", "'%(a)s' % {'a': 1}", "'%%' % ()", "'%s' % none", "'%s' % [1, 2]", "'%s' % (1, 2)", "'%d' % 'a'", "'%s %s' % 'a'",
    "'%c' % 65", "'%10s|%-10s|' % ('a', 'b')", "'%.2s' % 'abc'", "'%*d' % (5, 42)", "'%i' % 5",
    # Filters of Jinja
    "name|upper", "text|lower", "'hello world'|title", "'hello-world (foo)'|title", "'abc'|capitalize", "'  a '|trim", "'xax'|trim('x')", "nums|length",
    "nested|length", "nums|count", "nums|first", "nums|last", "[]|first", "[]|last", "nums|join(', ')", "users|join(', ', attribute='name')", "nums|sort",
    "words|sort", "words|sort(case_sensitive=true)", "nums|sort(reverse=true)", "users|sort(attribute='age,name')|map(attribute='name')|list", "nums|reverse|list", "'abc'|reverse", "nums|sum",
    "users|sum(attribute='age')", "nums|min", "nums|max", "words|min", "users|map(attribute='name')|list", "words|map('upper')|list",
    "users|map(attribute='zip', default='-')|list", "users|selectattr('on')|map(attribute='name')|list", "users|rejectattr('on')|map(attribute='name')|list",
    "users|selectattr('age', '>', 30)|map(attribute='name')|list", "users|selectattr('group', 'equalto', 'dev')|map(attribute='name')|list", "nums|select('odd')|list", "nums|reject('odd')|list", "[0, 1, '', 'a']|select|list",
    "missing|default('d')", "missing|d('d')", "empty|default('d')", "empty|default('d', true)", "nothing|default('d')", "missing.x|default('d')", "nested.zz|default('d')",
    "'5'|int", "'5.7'|int", "'x'|int", "'x'|int(-1)", "'ff'|int(0, 16)", "'0x1f'|int(0, 16)", "'5'|float", "'x'|float", "'x'|float(1.5)", "5|float", "5.9|int", "true|int", "none|int", "'1e3'|int", "[]|int",
    "2.5|round", "3.5|round", "3.14159|round(2)", "2.1|round(0, 'ceil')", "2.9|round(0, 'floor')", "5|round", "1234|round(-2)", "-5|abs", "-5.5|abs", "'a'|abs", "42|string", "nested|string", "[1]|string",
    "'a b c'|wordcount", "'<a & \"b\">'|e", "'<b>'|escape", "'<b>x</b> y'|striptags", "'foo bar baz qux'|truncate(9)", "'foo bar baz qux'|truncate(9, true)", "'foo bar baz qux'|truncate(11)", "'foo bar baz qux'|truncate(9, false, '!', 0)",
    "lines|indent", "lines|indent(2, true)", "lines|indent(2, first=true, blank=true)", "lines|indent('>>')", "'aXb'|replace('X', '-')", "'aaa'|replace('a', 'b', 2)", "'%s-%s'|format('a', 1)", "'%(x)s'|format(x=1)",
    "'abc'|list", "nested|list", "nested|dictsort", "{'b': 1, 'A': 2}|dictsort", "{'b': 1, 'A': 2}|dictsort(true)", "{'b': 1, 'a': 2}|dictsort(false, 'value')", "{'b': 1, 'a': 2}|dictsort(reverse=true)", "cfg|items|list",
    "users|groupby('group')|list", "nums|batch(2)|list", "nums|batch(2, 'x')|list", "[1, 2, 3, 4, 5]|slice(2)|list", "[1, 2, 3, 4, 5]|slice(3, 'x')|list", "1000|filesizeformat", "123456789|filesizeformat", "123456789|filesizeformat(true)", "1|filesizeformat",
    "'a b/c?d=é'|urlencode", "{'a': 1, 'b': 'x y'}|urlencode", "{'id': 1, 'x': none}|xmlattr", "'a'|center(5) ~ '|'", "nested|attr('items')", "name|attr('upper')", "nums|foo", "'x'|upper|lower|length", "-1|abs", "nums|join", "1|join", "none|length", "5|length",
    "'the quick brown fox'|wordwrap(10)", "cfg|tojson", "{'b': 1, 'a': '<é>'}|tojson", "[1, 2]|tojson(indent=2)", "users|map('length')|list", "nums|map('string')|join('-')", "words|map('replace', 'a', 'X')|list", "range(3)|list", "range(1, 10, 3)|list", "range(5, 0, -2)|list", "range(3)",
    "dict(a=1, b=2)", "dict([('a', 1)], c=3)", "range(1000000)|list|length", "nums|unique", "words|unique|list", "[1, 1, 2, 1]|unique", "'aab'|unique|list|sort", "nums|map", "nums|random in nums", "[[1, 2], [3]]|sum(start=[])",
    # Tests
    "name is defined", "missing is defined", "missing is undefined", "nested.zz is defined", "missing.x is defined", "nothing is none", "n is number", "n is integer", "pi is float", "whole is float", "yes is boolean", "yes is true", "no is false",
    "name is string", "nested is mapping", "nums is list", "(1,) is list", "nums is iterable", "name is iterable", "n is iterable", "nums is sequence", "nested is sequence", "3 is odd", "3 is even", "6 is divisibleby 3", "6 is divisibleby(4)",
    "1 is in [1, 2]", "1 is not in [1, 2]", "3 is eq 3", "3 is equalto(3)", "3 is gt 2", "3 is lessthan 2", "3 is ne 2", "'ABC' is upper", "'abc' is lower", "name is sameas name", "none is sameas none", "'upper' is filter", "'nope' is filter", "'odd' is test",
    "range is callable", "name is callable", "'abc' is match('a.c')", "'xabc' is match('abc')", "'ABC' is match('abc', ignorecase=true)", "name is not none", "not name is none", "n is foo", "'a' is in 'abc' and true", "name is string and n is number", "yes is boolean or no",
    # Filters of Salt
    "cfg|yaml", "cfg|yaml(false)", "nums|yaml", "'x'|yaml", "none|yaml", "'a: b'|yaml", "5|yaml", "users|yaml", "users|yaml(false)", "{'a': {'b': []}, 'c': {}}|yaml", "{'l': ['a, b', 'x:y', 'c: d', '#', '[', '1', 'true', '']}|yaml", "cfg|json", "cfg|json(false)", "nums|json", "cfg|json(indent=2)", "'é'|json", "cfg|python", "nested|python",
    "{'root': {'a': 1, 'b': [1, 2], 'c': {'d': 'x'}}}|xml", "yamltext|load_yaml", "'[1, 2.0, \"x\"]'|load_json", "'nope'|load_json", "'a: b: c'|load_yaml", "'x'|load_text", "{'name': 'x', 'on': true}|dict_to_sls_yaml_params", "'abcd'|regex_search('^(.*)BC(.*)$', ignorecase=True)",
    "'abcd'|regex_match('^(.*)bc(.*)$')", "'abcd'|regex_match('bc')", "'abcd'|regex_search('bc')", "'lets replace spaces'|regex_replace('\\\\s+', '__')", "'abc'|regex_replace('(b)', '<\\\\1>')", "'https://a.b?c=d%20'|regex_escape", "'my text'|quote", "'it\\'s'|quote", "'a'|quote", "'example'|uuid", "'x'|skip", "'foo'|sequence|first",
    "['bar']|sequence", "{'baz': 1}|sequence", "'yes'|to_bool", "'no'|to_bool", "1|to_bool", "0|to_bool", "none|to_bool", "[1]|to_bool", "[1, 2, 3, 4]|avg", "5|avg", "[1, 2]|union([2, 3])", "[1, 2]|intersect([2, 3])", "[1, 2]|difference([2, 3])", "[1, 2]|symmetric_difference([2, 3])",
    "'x'|md5", "'x'|sha1", "'x'|sha256", "'x'|sha512", "'get salted'|hmac_compute('shared secret')", "'get salted'|hmac('shared secret', 'eBWf9bstXg+NiP5AOwppB5HMvZiYMPzEM9W5YMm/AmQ=')", "'get salted'|base64_encode", "'Z2V0IHNhbHRlZA=='|base64_decode", "'abc'|to_bytes", "'5'|to_num", "'5.5'|to_num", "'x'|to_num", "'5'|str_to_num", "'abcd'|is_hex", "'xyz'|is_hex",
    "'a b'|contains_whitespace", "'ab'|contains_whitespace", "'32GiB'|human_to_bytes", "'32 GB'|human_to_bytes", "'32 GB'|human_to_bytes(handle_metric=true)", "'1.5k'|human_to_bytes", "'x'|human_to_bytes", "'5'|human_to_bytes('M')", "5|check_whitelist_blacklist(whitelist=[5, 6, 7])", "'5'|check_whitelist_blacklist(blacklist=['5'])", "'web1'|check_whitelist_blacklist(whitelist=['web*'])",
    "'camelsWillLoveThis'|to_snake_case", "'snake_case_for_win'|to_camelcase", "'snake_case'|to_camelcase(uppercamel=True)", "'2002/12/25'|strftime", "'2002-12-25'|date_format('%d.%m.%Y')", "'2002/12/25 13:14:15'|strftime('%H:%M:%S')", "'a'|path_join('b', 'c')", "'/a/'|path_join('b')", "'/a'|path_join('/b')", "'/a'|path_join('../b')",
    "{'a': 1}|compare_dicts({'a': 2})", "[1, 2]|compare_lists([2, 3])", "['yes', False, 0]|exactly_one_true", "[1, 1, 0]|exactly_n_true(2)", "nested|traverse('a:b:1:c')", "nested|traverse('a:zz', 'd')", "nested|traverse('a:b:0')", "users|traverse('1:name')", "nested|traverse('a:b:9', 'd')", "'abc'|substring_in_list(['xabcx', 'y'])", "nums|is_list", "name|is_list", "nums|is_iter", "name|is_iter",
    "['abcd', 'foo', 'Abc', 'Foo']|sorted_ignorecase", "[3, [4, [2]], none]|flatten", "[3, [4, [2]]]|flatten(levels=1)", "[3, none, [4]]|flatten(levels=1, preserve_nulls=true)", "{}|set_dict_key_value('a:b:c', 1)", "{}|append_dict_key_value('a:b', 1)", "{}|extend_dict_key_value('a', [1, 2])", "{'a': {'x': 1}}|update_dict_key_value('a', {'y': 2})", "'abc'|combinations(2)|list", "'ab'|permutations|list", "'abc'|permutations(2)|list", "'ab'|combinations_with_replacement(2)|list", "'ABC'|compress([1, 0, 1])|list", "'ab'|product('xy')|list", "'ab'|product(repeat=2)|list", "[1, 2]|zip(['a', 'b', 'c'])|list", "[1, 2]|zip_longest(['a', 'b', 'c'], fillvalue='-')|list", "'abc'|method_call('upper')", "'a,b'|method_call('split', ',')", "'x'|method_call('nope')",
    "'192.168.0.1'|is_ip", "'x'|is_ip", "'192.168.0.1'|is_ipv4", "'::1'|is_ipv4", "'::1'|is_ipv6", "'127.0.0.1'|is_ip(options='loopback')", "'10.0.0.1'|is_ipv4(options='public')", "['192.168.0.1', 'foo', 'fe80::']|ipaddr", "['192.168.0.1', '10.0.0.1/8', '::1']|ipv4", "['192.168.0.1', 'fe80::1', 'FE80::0:2/64']|ipv6", "'192.168.0.1'|ipaddr", "'192.168.0.1/28'|ip_host", "'192.168.0.1'|ip_host", "'192.168.0.1/30'|network_hosts", "['192.168.0.1/30']|network_hosts", "'192.168.0.0/16'|network_size", "['192.168.0.1', '10.0.0.1']|filter_by_networks(['192.168.0.0/24'])", "['192.0.2.1', '::1']|ipwrap", "'::1'|ipwrap", "'fe80::/10'|network_size",
    "'yes\\n\"x\"'|yaml_dquote", "'it\\'s'|yaml_squote", "'a'|yaml_encode", "5|yaml_encode", "none|yaml_encode", "true|yaml_encode", "2.0|yaml_encode", "[1]|yaml_encode", "missing|yaml", "missing|json", "{'a': missing}|json",
    # Containers
    "nums.append(4)", "dict(nested, z=1).z", "{'a': 1}.pop('a')", "{'a': 1}.pop('b')", "[3, 1].index(1)", "[3, 1].count(3)", "(1, 2).index(2)", "{'a': 1}.setdefault('b', 2)", "{'a': 1}.values()", "{[1]: 2}", "{'a': 1}.copy()", "[1, 2].copy()", "[1, 2].pop()", "{'x': {'y': none}}.x.y", "'a'.join", "nested is defined and nested.a is defined",
    "*nums", "foo bar", "1 +", "(1", "[1, 2", "{'a' 1}", "'abc", "1 is is", "name|", "name.", "a = 1", "nums[]", "f(a=1, 2)", "1 ! 2", "nums|join(d='-')", "{'a': 1, **nested}", "[x for x in nums]", "lambda x: x", "'a' 'b'|upper", "1.5.x", "not", "nums[0", "name is", "range(*[1, 3])|list", "dict(**{'a': 1})",
]

S = [
    # White space
    "a\n", "a", "a\n\n", "a\r\nb\r\n", "{{ 1 }}\n", "{% if yes %}\nx\n{% endif %}\n", "{%- if yes -%}\n x \n{%- endif -%}\n", "a {{- 1 -}} b", "a\n  {%- set x = 1 %}\nb", "a {#- c -#} b", "a{# c #}b\n", "{# multi\nline {{ x }} #}x", "{% raw %}{{ x }}{% y %}{% endraw %}",
    "a {%- raw -%} {{ x }} {%- endraw -%} b", "{{ '{{' }}", "{{ '}}' }}", "{{ {'a': {'b': 1}}['a']['b'] }}", "{{'x'}}{{'y'}}", "  {% if yes %}  \n  x\n  {% endif %}  \n", "{%+ if yes %}x{%+ endif %}", "x{{ 1 }}{% set a = 2 %}{{ a }}\n\n", "\n\n{{ 1 }}\n\n", "{{ name }}\n\n\n", "%}", "}}", "{", "{{", "{%", "{#", "{% raw %}x",
    # if, set
    "{% if n > 5 %}big{% elif n > 2 %}mid{% else %}small{% endif %}", "{% if n > 50 %}big{% elif n > 2 %}mid{% else %}small{% endif %}", "{% if missing %}x{% endif %}", "{% if missing is defined %}x{% else %}y{% endif %}", "{% if not nothing and nums %}ok{% endif %}", "{% if yes %}{% set z = 1 %}{% endif %}{{ z }}", "{% if no %}{% set z = 1 %}{% endif %}{{ z }}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}", "{% set a, b = [1] %}", "{% set a = 1, 2 %}{{ a }}", "{% set x %}a{{ n }}b{% endset %}{{ x }}", "{% set x | upper %}abc{% endset %}{{ x }}", "{% set ns = namespace(x=1) %}{% for i in nums %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}", "{% set name.x = 1 %}", "{% set (a, b) = (1, 2) %}{{ a + b }}", "{% set true = 1 %}", "{% set x = x|default(5) %}{{ x }}", "{% set name = name ~ '!' %}{{ name }}",
    # for
    "{% for i in nums %}{{ i }},{% endfor %}", "{% for i in nums %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }} {% endfor %}", "{% for k, v in nested.items() %}{{ k }}={{ v }};{% endfor %}", "{% for k in nested %}{{ k }}{% endfor %}", "{% for i in [] %}x{% else %}none{% endfor %}", "{% for i in nums if i > 1 %}{{ i }}/{{ loop.length }} {% endfor %}", "{% for i in nums if i > 9 %}{{ i }}{% else %}e{% endfor %}",
    "{% for i in nums %}{{ loop.cycle('a', 'b') }}{% endfor %}", "{% for u in users %}{{ loop.changed(u.age) }} {% endfor %}", "{% for i in nums %}{{ loop.previtem|default('-') }}<{{ i }}>{{ loop.nextitem|default('-') }} {% endfor %}", "{% for i in nums %}{% if i == 1 %}{% continue %}{% endif %}{{ i }}{% endfor %}", "{% for i in nums %}{% if i == 1 %}{% break %}{% endif %}{{ i }}{% endfor %}", "{% for i in range(3) %}{% for j in range(2) %}{{ loop.index }}{{ i }}{{ j }} {% endfor %}{% endfor %}",
    "{% for i in nums %}{% set outer = loop %}{% for j in nums %}{{ outer.index }}.{{ loop.index }} {% endfor %}{% endfor %}", "{% set x = 0 %}{% for i in nums %}{% set x = x + i %}{{ x }} {% endfor %}{{ x }}", "{% for i in nums recursive %}{{ i }}{% endfor %}", "{% for u in [{'n': 1, 'c': [{'n': 2, 'c': [{'n': 3}]}]}] recursive %}{{ u.n }}@{{ loop.depth }}{% if u.c is defined %}({{ loop(u.c) }}){% endif %}{% endfor %}", "{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for i in missing %}{% endfor %}", "{% for i in 5 %}{% endfor %}", "{% for i in none %}{% endfor %}", "{% for c in 'abc' %}{{ c }}.{% endfor %}", "{% for a, b in nums %}{% endfor %}", "{% for i in nums %}{{ loop }}{% endfor %}", "{{ loop }}", "{% for i in nums|sort %}{{ i }}{% if not loop.last %}, {% endif %}{% endfor %}", "{% for i, u in users|groupby('group') %}{{ i }}:{{ u|length }} {% endfor %}", "{% for g in users|groupby('group') %}{{ g.grouper }}:{{ g.list|map(attribute='name')|join('+') }} {% endfor %}", "{% for x in 1, 2 %}{{ x }}{% endfor %}", "{% for i in nums -%}\n {{ i }}\n{%- endfor %}", "{% for i in [1, [2]] %}{{ i }}{% endfor %}", "{% for k, v in cfg|dictsort %}{{ k }}:{{ v }} {% endfor %}", "{{ i }}{% for i in nums %}{% endfor %}",
    # macros
    "{% macro m(a, b=2) %}{{ a }}-{{ b }}{% endmacro %}{{ m(1) }} {{ m(1, 3) }} {{ m(a=5, b=6) }} {{ m(b=1, a=2) }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m() }}", "{% macro m(a) %}x{% endmacro %}{{ m() }}", "{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{% endmacro %}{{ m(z=2) }}", "{% macro m(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, 3, k=4) }}", "{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}body {{ n }}{% endcall %}", "{% macro m() %}[{{ caller(5) }}]{% endmacro %}{% call(x) m() %}body {{ x }}{% endcall %}",
    "{% macro m() %}x{% endmacro %}{% call m() %}b{% endcall %}", "{% macro m(x) %}{% if x > 0 %}{{ x }}{{ m(x - 1) }}{% endif %}{% endmacro %}{{ m(3) }}", "{% set v = 1 %}{% macro m() %}{{ v }}{% endmacro %}{% set v = 2 %}{{ m() }}", "{% macro m(a, b=a) %}{{ b }}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a, b=n) %}{{ a }}{{ b }}{% endmacro %}{{ m.name }} {{ m.arguments }}", "{% macro m(a=1, b) %}{% endmacro %}", "{% macro m() %}{{ name }}{% endmacro %}{% for name in ['z'] %}{{ m() }}{% endfor %}", "{% macro m() %}{% set q = 1 %}{% endmacro %}{{ m() }}{{ q }}", "{{ m() }}{% macro m() %}late{% endmacro %}", "{% macro m() %} a\n{% endmacro %}{{ m()|trim }}|",
    # filter, with, do, raw
    "{% filter upper %}abc {{ name }}{% endfilter %}", "{% filter replace('a', 'b')|upper %}aXa{% endfilter %}", "{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}", "{% with %}{% set a = 1 %}{{ a }}{% endwith %}{{ a }}", "{% with a = n %}{% with n = 1 %}{{ a }}{{ n }}{% endwith %}{% endwith %}", "{% do nums.append(9) %}{{ nums }}", "{% set l = [] %}{% for i in range(3) %}{% do l.append(i * 2) %}{% endfor %}{{ l }}", "{% set d = {} %}{% do d.update({'a': 1}) %}{% do d.update(b=2) %}{{ d }}", "{% set l = [3, 1, 2] %}{% do l.sort() %}{{ l }}{% do l.reverse() %}{{ l }}{% do l.insert(0, 'x') %}{% do l.remove(1) %}{% do l.extend([7]) %}{{ l }}{{ l.pop(0) }}", "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}", "{% set j = joiner('|') %}{% for i in nums %}{{ j() }}{{ i }}{% endfor %}", "{% print n %}",
    # include, import, extends
    "{% include 'inc.jinja' %}!", "{% include 'nope.jinja' %}", "{% include 'nope.jinja' ignore missing %}x", "{% include ['nope.jinja', 'inc.jinja'] %}", "{% for item in nums %}{% include 'loc.jinja' %}{% endfor %}", "{% set item = 1 %}{% include 'loc.jinja' without context %}", "{% include 'inc.jinja' %}{{ hidden }}", "{% import 'mac.jinja' as m %}{{ m.hi(1) }} {{ m.val.k }} {{ m.hi(1, y=2) }}", "{% import 'mac.jinja' as m %}{{ m.nope }}", "{% import 'mac.jinja' as m %}{{ m._priv }}", "{% import 'mac.jinja' as m %}{{ m }}", "{% from 'mac.jinja' import hi, val as v %}{{ hi('a') }}{{ v }}", "{% from 'mac.jinja' import nope %}{{ nope }}", "{% from 'mac.jinja' import nope %}fine", "{% from 'mac.jinja' import _priv %}",
    "{% set top = 'T' %}{% from 'ctx.jinja' import who %}{{ who() }}", "{% set top = 'T' %}{% from 'ctx.jinja' import who with context %}{{ who() }}", "{% import 'ctx.jinja' as c with context %}{{ c.who() }}", "{% extends 'base.jinja' %}", "{% extends 'base.jinja' %}{% block body %}child {{ super() }}{% endblock %}lost", "{% extends 'mid.jinja' %}{% block head %}top({{ super() }}){% endblock %}", "{% set v = 'setv' %}{% extends 'base.jinja' %}", "{% extends 'base.jinja' %}{% set v = 'late' %}", "{% block a %}x{{ n }}{% endblock %}-{{ self.a() }}", "{% block a %}{% endblock %}{% block a %}{% endblock %}", "{% for i in nums %}{% block b scoped %}{{ i }}{% endblock %}{% endfor %}", "{% extends 'nope.jinja' %}", "{% block a required %}{% endblock %}", "a\n{% include 'broken.jinja' %}",
    "{% load_yaml as d %}\na: 1\nb: [x, y]\nc:\n  d: {{ n }}\n{% endload %}{{ d.b }} {{ d.c.d }} {{ d }}", "{% load_json as d %}{\"a\": [1, 2.0]}{% endload %}{{ d }}", "{% load_text as d %} raw {{ n }} {% endload %}[{{ d }}]", "{% import_yaml 'data.yaml' as d %}{{ d }}", "{% import_json 'data.json' as d %}{{ d.a }}{{ d.b.c }}", "{% import_text 'plain.txt' as d %}[{{ d }}]", "{% load_yaml as d %}a: [1{% endload %}", "{% load_json as d %}x{% endload %}", "{% import_yaml 'nope' as d %}", "{% profile as 'x' %}in{% endprofile %}", "{% load_yaml as d %}{% endload %}{{ d }}",
    # errors
    "x\n\n{{ missing }}\n", "{% foo %}", "{% if %}x{% endif %}", "{% if yes %}", "{% endif %}", "{% for %}", "{% for x nums %}{% endfor %}", "{% set %}", "{% macro %}{% endmacro %}", "{% if yes %}{% endfor %}", "{{ raise('stop') }}", "{% include %}", "{% block %}", "{% set x = %}", "{% extends 'base.jinja' %}{% extends 'mid.jinja' %}", "{{ 1 }", "{{ name }}\n{{ 1 / 0 }}", "{% else %}", "{{ nums.append }}x"[:0] + "{{ range }}"[:0] + "ok", "{% do %}", "{% with a %}{% endwith %}", "{% call %}{% endcall %}", "{% filter %}{% endfilter %}", "{% filter nope %}x{% endfilter %}", "{{ cfg }}", "{{ [cfg] }}", "{{ (cfg.m, ) }}", "{{ cfg|string }}", "{{ 'x' ~ cfg }}",
    '#jinja2: {"trim_blocks": true, "lstrip_blocks": true}\n{% for n in range(1, 3) %}\n  - {{ n }}\n{% endfor %}\n', '#!jinja|yaml\n#jinja2: {"trim_blocks": true}\n{% if yes %}\nx\n{% endif %}\n', '#jinja2: nope\nx\n', '#jinja2: {"variable_start_string": "<<", "variable_end_string": ">>"}\n<< name >> {{ name }}\n', '#jinja2: {"line_statement_prefix": "%"}\n% for i in nums\n- {{ i }}\n% endfor\n', '#jinja2: {"lstrip_blocks": true}\n  {% if yes %}x{% endif %}\n  {{ n }}\n  {# c #}\n  {%+ if yes %}y{% endif %}\n', '#jinja2: {"trim_blocks": true}\n{% if yes %}\n\nx{% endif +%}\n{# c #}\ny\n',
]

ENV_CASES = [
    ("{% if yes %}\n  x\n  {% endif %}\ny\n", {"jinja_env": {"trim_blocks": True, "lstrip_blocks": True}}),
    ("a\n  {% for i in nums %}\n  - {{ i }}\n  {% endfor %}\nb\n", {"jinja_env": {"trim_blocks": True, "lstrip_blocks": True}}),
    ("  {% if yes %}\n  {% raw %}\n {{ x }}\n  {% endraw %}\n  {% endif %}\n", {"jinja_env": {"trim_blocks": True, "lstrip_blocks": True}}),
    ("{{ missing }}|{{ missing|default('d') }}|{% if missing %}x{% endif %}|{% for i in missing %}{% endfor %}", {"allow_undefined": True}),
    ("{{ missing.x }}", {"allow_undefined": True}),
    ("{{ nested.zz }}|{{ nested.zz ~ 'a' }}", {"allow_undefined": True}),
    ("x\n\n", {"jinja_env": {"keep_trailing_newline": True}}),
]


def kind_of(exc):
    cause = exc.__cause__ or exc.__context__ or exc
    kinds = [
        (jinja2.exceptions.SecurityError, "security"),
        (jinja2.exceptions.TemplateNotFound, "notfound"),
        (jinja2.exceptions.UndefinedError, "undefined"),
        (jinja2.exceptions.TemplateSyntaxError, "syntax"),
    ]
    for cls, kind in kinds:
        if isinstance(cause, cls):
            return kind, str(cause)
    return "runtime", str(cause)


def record(template, folder, opts=None):
    case = {"template": template}
    if opts:
        case["opts"] = opts
    context = json.loads(json.dumps(CONTEXT))
    context.update(opts=dict(opts or {}), saltenv="")
    try:
        case["output"] = salt.utils.templates.render_jinja_tmpl(
            template, context, os.path.join(folder, "main.jinja")
        )
        if " at 0x" in case["output"]:
            return None
    except salt.exceptions.SaltRenderError as exc:
        case["error"], message = kind_of(exc)
        if case["error"] == "undefined":
            case["message"] = message
    return case


def names():
    """Names of all that real Salt's templates have."""
    env = jinja2.Environment(extensions=[salt.utils.jinja.SerializerExtension])
    decorated = salt.utils.templates
    return {
        "filters": sorted({*env.filters, *decorated.JinjaFilter.salt_jinja_filters}),
        "tests": sorted({*env.tests, *decorated.JinjaTest.salt_jinja_tests, "list"}),
        "globals": sorted({*env.globals, *decorated.JinjaGlobal.salt_jinja_globals, "odict"}),
    }


def main():
    with tempfile.TemporaryDirectory() as folder:
        for name, text in FILES.items():
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        cases = [record("{{ " + expr + " }}", folder) for expr in E]
        cases += [record(template, folder) for template in S]
        cases += [record(template, folder, opts) for template, opts in ENV_CASES]
    with open(os.path.join(HERE, "jinja.json"), "w", encoding="utf-8") as out:
        found = {"names": names(), "context": CONTEXT, "files": FILES, "cases": [case for case in cases if case]}
        json.dump(found, out, indent=1, ensure_ascii=False)
        out.write("\n")


main()
