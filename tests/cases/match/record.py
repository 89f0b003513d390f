"""Writes whom real Salt's matchers mean by a few hundred targets, into table.json beside this file.

    .cache/venvs/salt-3006.30/bin/python tests/cases/match/record.py

The table holds minions (id, grains, pillar), node groups, and for each target the ids that match.
A target that makes Salt raise an exception or complain matches nobody.
"""

import json
import logging
import os

import salt.config
import salt.loader
import salt.utils.minions

logging.disable(logging.CRITICAL)

MINIONS = {
    "web1.example.com": {
        "grains": {
            "id": "web1.example.com", "os": "Debian", "os_family": "Debian", "osmajorrelease": 12,
            "ipv4": ["127.0.0.1", "10.0.0.5", "192.168.1.17"], "ipv6": ["::1", "fe80::1", "2001:db8::5"],
            "roles": ["web", "cache"], "cpu": {"model": "EPYC", "flags": ["sse", "avx2"]},
            "num_cpus": 4, "virtual": "kvm", "locale_info": {"defaultlanguage": "en_US"},
            "empty": {}, "none": None, "flag": True, "ratio": 1.5, "text": "", "os:arch": "x86",
            "deep": {"a": {"b": {"c": "d", "e": ["f", {"g": "h"}]}, "x:y": "z"}},
            "list": [{"name": "eth0", "up": True}, {"name": "eth1", "up": False}, "plain"],
            "saltversioninfo": [3006, 30], "path": "/usr/bin:/bin", "spaced": "two words",
        },
        "pillar": {"role": "frontend", "users": {"alice": {"uid": 1000}, "bob": {"uid": 1001}},
                   "features": ["a", "b*", "c.d"], "secret": "s3cr3t", "Case": "MiXed"},
    },
    "web2.example.com": {
        "grains": {
            "id": "web2.example.com", "os": "Ubuntu", "os_family": "Debian", "osmajorrelease": 22,
            "ipv4": ["127.0.0.1", "10.0.1.6"], "ipv6": ["::1"], "roles": ["web"],
            "cpu": {"model": "Xeon", "flags": ["sse"]}, "num_cpus": 16, "virtual": "physical",
            "flag": False, "path": "/opt/bin", "deep": {"a": "b"},
        },
        "pillar": {"role": "frontend", "users": {"carol": {"uid": 1002}}, "features": []},
    },
    "db1": {
        "grains": {
            "id": "db1", "os": "CentOS Stream", "os_family": "RedHat", "osmajorrelease": 9,
            "ipv4": ["10.1.2.3"], "ipv6": ["fd00::3"], "roles": "db", "num_cpus": 64,
            "virtual": "kvm", "disks": ["sda", "sdb"],
        },
        "pillar": {"role": "backend", "users": {"alice": {"uid": 5}}, "features": "a"},
    },
    "DB2": {"grains": {"id": "DB2", "os": "Arch", "roles": [], "ipv4": []}, "pillar": {}},
    "x(y)": {"grains": {"id": "x(y)", "os": "Alpine"}, "pillar": {"role": "*"}},
    "a,b": {"grains": {"id": "a,b"}, "pillar": {"a": {"b": "c"}}},
}

NODEGROUPS = {
    "web": "web*", "webs": "web1.example.com,web2.example.com", "debians": "G@os_family:Debian",
    "list": ["web1.example.com", "db1"], "listed": "L@db1,DB2", "words": "web1.example.com db1",
    "nested": "N@web or N@listed", "deep": "not N@nested", "loop": "N@loop2", "loop2": "N@loop",
    "self": "N@self or web*", "ops": "G@os:Debian and web* or db1", "regex": "db[12]",
    "listops": ["G@os:Debian", "or", "N@listed"], "empty": "", "missing": "N@nowhere or web*",
    "regexes": ["db\\d", "web1.*"], "number": 5, "mixed": "N@list and web*", "two": "N@web N@listed",
}

T = {
    "glob": """* web* web?.example.com web[12]* web[!1]* db1 DB* db[12] [dD][bB]? x(y) x* a,b *,* web1 *.com
        [ web[ web[1 []] [!] [a-z]b1 [z-a]b1 *b* ?? ??? ???? web1.example.com? **1 *?* w*e*b*1*c*m db[1-] nobody""",
    "pcre": r"""web web1 web\d web\d$ ^web ^eb eb .*1 .*1$ db[12] (?i)db (?i)DB2 db|web (db|web)1 web1\.example\.com
        web1.example.com$ [ ( * + ?x x\( x\(y\) .* . .{3}$ (?P<a>d)b(?P=a)? (?:web|db)\d+ \w+$ \W \S+\Z \Adb1\Z
        web(?=1) web(?!1) (?<!x)db a,b \d a{2} w{1}e d?b1 (?i:D)b (?s).* (?x)d\ b web1\.example\.com\Z ^$""",
    "list": "web1.example.com,db1 db1 web1.example.com, ,db1 db1,,DB2 nobody,db1 nobody db web* DB2,db2 a,b "
        "a b a,b,db1 db1;DB2 ,",
    "grain": """os:Debian os:debian os:* os:D* os:?ebian os Debian os: :Debian osmajorrelease:12 osmajorrelease:1*
        roles:web roles:w* roles:cache roles:db roles:* roles:0 roles:1 cpu:model:EPYC cpu:model:E* cpu:model
        cpu:* cpu:*:EPYC cpu:flags:sse cpu:flags:avx* cpu:flags:0:sse cpu:flags:1:avx2 cpu:model:epyc *:Debian
        *:kvm *:EPYC *:model:EPYC num_cpus:4 num_cpus:[0-9] num_cpus:?? flag:True flag:true flag:False flag:1
        none:None none:* none:null empty:* empty: ratio:1.5 ratio:1* text: text:* os:arch:x86 os:arch os:arch:*
        deep:a:b:c:d deep:a:b:* deep:a:* deep:* deep:*:d deep:a:*:c deep:a:b:e:f deep:a:b:e:g:h deep:a:b:e:1:g:h
        deep:a:x:y:z deep:a:x:y deep:a:b deep:*:* list:name:eth0 list:name list:0:name:eth0 list:1:up:False
        list:up:true list:plain list:pl* list:*:eth1 list:* saltversioninfo:3006 saltversioninfo:0:3006
        saltversioninfo:-1:30 path:/usr/bin:/bin path:/usr/bin* path:* path:/opt/bin virtual:[kp]* ipv4:10.*
        ipv4:10.0.0.5 ipv6:fe80::1 ipv6:2001:db8::5 ipv6:* ipv6:fe80:* os:CentOS*Stream os:centos?stream
        id:web1.example.com id:* ID:* OS:Debian roles:[] cpu:{*} cpu:flags:[*] locale_info:* locale_info:*:en_US
        locale_info:defaultlanguage:en_US locale_info:default* :: : * *:* *:*:* os:*:* nothing:* nothing:nothing""",
    "grain_pcre": r"""os:Deb os:deb.* os:^Debian$ os:(Debian|Ubuntu) os:.* os:ian os:[ os:( roles:w roles:^web$ roles:.*
        osmajorrelease:\d+ osmajorrelease:[12]2 cpu:model:(EPYC|Xeon) cpu:model:\w+ cpu:mod.l cpu:.* num_cpus:\d$
        num_cpus:\D ipv4:10\.0\..* ipv6:fe80::.* ipv6:.*db8.* flag:true flag:(?i)TRUE list:name:eth\d deep:a:b:c:[a-d]
        deep:a:b:.* path:/usr/bin:.* path:.*/bin os:(?P<x>d).* os:\Adebian\Z os os: *:deb.* os:centos\sstream
        cpu:flags:avx.? os:arch:x\d+ os:a.*:x nothing:.* spaced:two.words""",
    "pillar": """role:frontend role:front* role:* role:backend users:alice users:alice:* users:alice:uid:1000
        users:*:uid:1000 users:*:uid:* users:al* users:a*:uid features:a features:b* features:* features:c.d
        secret:* secret:s3* Case:mixed Case:MIXED case:mixed nothing:* role users: *:frontend *:uid:5 a:b:c a:b:d
        a:* users:*:1000 users:*""",
    "pillar_pcre": r"""role:front.* role:(front|back)end role:.* users:al.* users:alice:uid:\d{4} users:alice:uid:\d
        features:b\* features:[a-c] secret:s\dcr\dt nothing:.* role:\*""",
    "pillar_exact": """role:frontend role:front* role:* role:backend users:alice users:alice:uid:1000 users:*:uid:1000
        features:b* features:b features:a users:* Case:mixed secret:s3cr3t role:Frontend *:frontend""",
    "ipcidr": """10.0.0.5 10.0.0.0/8 10.0.0.0/24 10.0.0.0/23 10.0.0.1/24 192.168.1.17 192.168.0.0/16 0.0.0.0/0 127.0.0.1
        ::1 fe80::1 fe80::/10 2001:db8::/32 2001:db8::5 2001:DB8:0::5 2001:db8:0:0:0:0:0:5 ::/0 fd00::/8 fd00::3/8
        10.0.0.5/32 10.0.0.0/255.255.0.0 10.0.0.0/0.0.255.255 10.0.0 10.0.0.256 nonsense 10.0.0.0/33 fe80::1/128
        010.0.0.5 10.0.0.5/ /8 10.0.0.5/24 ::ffff:10.0.0.5 10.0.1.0/24 10.1.2.3/31 10.1.2.2/31""",
}

COMPOUND = """*
web*
web* and db1
web* or db1
not web*
not not web*
web* not web1*
web* and not web1*
not web* and not db1
not web* or web1*
( web* or db1 ) and not G@os:Debian
(web* or db1)
( web* or db1
web* or db1 )
( )
( ( web* ) )
( web* ) ( db1 )
and web*
web* and
web* or
or
not
not ( web* or DB* )
not ( not web* )
web* db1
web* and and db1
web* and or db1
( and web* )
G@os:Debian
G@os:Debian and G@roles:web
G@os:Debian or G@os:Ubuntu
G@os:Debian and not G@roles:web
G@os_family:Debian and E@web\\d
E@web\\d
E@.*[12]$
E@(db|web)1
E@[
P@os:(Debian|Ubuntu)
P@os:^deb and web*
I@role:frontend
I@role:frontend and not I@users:carol
I@users:*:uid:1000
J@role:(front|back)end
J@users:al.* and db*
L@db1,DB2
L@db1,DB2 or web1*
L@db1
S@10.0.0.0/8
S@10.0.0.0/8 and not S@10.0.0.0/24
S@fe80::/10
S@nonsense or web*
S@10.0.0.5
R@foo
R@foo or web*
N@web
N@webs
N@debians
N@list
N@listed
N@words
N@nested
N@deep
N@loop
N@self
N@ops
N@regex
N@listops
N@empty
N@missing
N@nowhere
N@nowhere or web*
N@regexes
N@number
N@mixed
N@two
N@web and N@debians
not N@web
( N@web or db1 ) and G@virtual:kvm
X@foo
X@foo or web*
G@os
G@ and web*
G@
E@
N@
G|@os|Debian
G|@cpu|model|EPYC
G|@os:Debian
G%@os%Debian and web*
P|@os|(Debian|Ubuntu)
I!@role!frontend
J;@users;alice;uid;\\d+
G@@os@Debian
GG@osGDebian
L|@db1
E:@web
G@ipv6:fe80::1
G|@ipv6|fe80::1
G@cpu:model:E* and G@num_cpus:4
G@spaced:two?words
G@os:CentOS*Stream
G@os:Debian and web* or db1
db1 or G@os:Debian and web2*
db1 or web* and not web1*
not web* and db1 or DB2
web1* and ( db1 or ( web* and G@roles:cache ) )
web1.example.com or db1 or DB2 or x(y)
x(y)
x(y) and G@os:Alpine
a,b
nobody
nobody or db1
   web*   and    G@os:Debian  
AND
web* AND db1
web* && db1
!web*
not
G@os:Debian and ( I@role:frontend or I@role:backend ) and not L@web2.example.com
G@roles:web and G@roles:cache
G@roles:0
G@flag:True or G@flag:False
"""

DELIMITED = [
    ["grain", "os|Debian", "|"], ["grain", "cpu|model|EPYC", "|"], ["grain", "os:Debian", "|"],
    ["grain", "deep|a|x:y|z", "|"], ["grain", "ipv6|fe80::1", "|"], ["grain", "cpu|*|EPYC", "|"],
    ["grain", "cpu|*:EPYC", "|"], ["grain", "deep|a|b:c:d", "|"], ["grain", "os==Debian", "=="],
    ["grain_pcre", "os|(Deb|Ubu).*", "|"], ["grain_pcre", "os^deb", "^"], ["pillar", "users/alice/uid/1000", "/"],
    ["pillar", "users/*/uid/1000", "/"], ["pillar_pcre", "role|front.*", "|"],
    ["pillar_exact", "users|alice|uid|1000", "|"], ["grain", "path|/usr/bin:/bin", "|"],
]


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    base = salt.config.minion_config(None)
    matchers = {}
    for name, data in MINIONS.items():
        opts = dict(base)
        opts.update(id=name, grains=data["grains"], pillar=data["pillar"], nodegroups=NODEGROUPS)
        matchers[name] = (opts, salt.loader.matchers(opts))

    def answer(kind, tgt, **more):
        meant = []
        for name, (opts, loaded) in matchers.items():
            try:
                if kind == "nodegroup":
                    # Salt's own nodegroup matcher forgets the options it is given.
                    words = salt.utils.minions.nodegroup_comp(tgt, NODEGROUPS)
                    if not loaded["compound_match.match"](words, opts=opts):
                        continue
                elif not loaded[kind + "_match.match"](tgt, opts=opts, **more):
                    continue
            except Exception:  # pylint: disable=broad-except
                continue
            meant.append(name)
        return meant

    rows = []
    for kind, text in T.items():
        for tgt in text.split():
            rows.append([kind, tgt, answer(kind, tgt)])
    rows.append(["grain", "spaced:two words", answer("grain", "spaced:two words")])
    rows.append(["grain", "os:CentOS Stream", answer("grain", "os:CentOS Stream")])
    for tgt in COMPOUND.strip("\n").split("\n"):
        rows.append(["compound", tgt, answer("compound", tgt)])
    for name in NODEGROUPS:
        rows.append(["nodegroup", name, answer("nodegroup", name)])
    for tgt in [["db1", "DB2"], ["web*"], []]:
        rows.append(["list", tgt, answer("list", tgt)])
    for kind, tgt, delimiter in DELIMITED:
        rows.append([kind, tgt, answer(kind, tgt, delimiter=delimiter), delimiter])
    with open(os.path.join(here, "table.json"), "w", encoding="utf-8") as file:
        head = json.dumps({"minions": MINIONS, "nodegroups": NODEGROUPS}, indent=1)
        body = ",\n  ".join(json.dumps(row) for row in rows)
        file.write(head[:-2] + ',\n "rows": [\n  ' + body + "\n]}\n")
    print(len(rows), "rows")


main()
