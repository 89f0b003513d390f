"""Writes the os grains that real Salt makes of the release files of many systems, into table.json.

    .cache/venvs/salt-3006.30/bin/python tests/cases/grains/os/record.py

Each system is a map of paths to contents; only those files exist for Salt while it looks.
"""

import builtins
import json
import os
import shutil
import sys
import tempfile

import distro

import salt.grains.core as core

def rel(**fields):
    return "\n".join('%s="%s"' % (key, value) for key, value in fields.items()) + "\n"


SYSTEMS = {
    "debian-12": {"/etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION="12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n', "/etc/debian_version": "12.5\n"},
    "debian-testing": {"/etc/os-release": rel(PRETTY_NAME="Debian GNU/Linux trixie/sid", NAME="Debian GNU/Linux", VERSION_CODENAME="trixie", ID="debian"), "/etc/debian_version": "trixie/sid\n"},
    "ubuntu-22.04": {"/etc/os-release": rel(PRETTY_NAME="Ubuntu 22.04.4 LTS", NAME="Ubuntu", VERSION_ID="22.04", VERSION="22.04.4 LTS (Jammy Jellyfish)", VERSION_CODENAME="jammy", ID="ubuntu", ID_LIKE="debian", UBUNTU_CODENAME="jammy"), "/etc/lsb-release": 'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=22.04\nDISTRIB_CODENAME=jammy\nDISTRIB_DESCRIPTION="Ubuntu 22.04.4 LTS"\n'},
    "ubuntu-no-lsb": {"/etc/os-release": rel(PRETTY_NAME="Ubuntu 24.04 LTS", NAME="Ubuntu", VERSION_ID="24.04", VERSION="24.04 LTS (Noble Numbat)", VERSION_CODENAME="noble", ID="ubuntu", ID_LIKE="debian")},
    "rocky-9": {"/etc/os-release": rel(NAME="Rocky Linux", VERSION="9.3 (Blue Onyx)", ID="rocky", ID_LIKE="rhel centos fedora", VERSION_ID="9.3", PRETTY_NAME="Rocky Linux 9.3 (Blue Onyx)", CPE_NAME="cpe:/o:rocky:rocky:9::baseos"), "/etc/redhat-release": "Rocky Linux release 9.3 (Blue Onyx)\n", "/etc/rocky-release": "Rocky Linux release 9.3 (Blue Onyx)\n"},
    "almalinux-8": {"/etc/os-release": rel(NAME="AlmaLinux", VERSION="8.9 (Midnight Oncilla)", ID="almalinux", ID_LIKE="rhel centos fedora", VERSION_ID="8.9", PRETTY_NAME="AlmaLinux 8.9 (Midnight Oncilla)", CPE_NAME="cpe:/o:almalinux:almalinux:8::baseos")},
    "centos-7": {"/etc/os-release": rel(NAME="CentOS Linux", VERSION="7 (Core)", ID="centos", ID_LIKE="rhel fedora", VERSION_ID="7", PRETTY_NAME="CentOS Linux 7 (Core)", CPE_NAME="cpe:/o:centos:centos:7"), "/etc/centos-release": "CentOS Linux release 7.9.2009 (Core)\n", "/etc/redhat-release": "CentOS Linux release 7.9.2009 (Core)\n"},
    "centos-stream-9": {"/etc/os-release": rel(NAME="CentOS Stream", VERSION="9", ID="centos", ID_LIKE="rhel fedora", VERSION_ID="9", PRETTY_NAME="CentOS Stream 9", CPE_NAME="cpe:/o:centos:centos:9"), "/etc/centos-release": "CentOS Stream release 9\n"},
    "rhel-8": {"/etc/os-release": rel(NAME="Red Hat Enterprise Linux", VERSION="8.9 (Ootpa)", ID="rhel", ID_LIKE="fedora", VERSION_ID="8.9", PRETTY_NAME="Red Hat Enterprise Linux 8.9 (Ootpa)", CPE_NAME="cpe:/o:redhat:enterprise_linux:8::baseos"), "/etc/redhat-release": "Red Hat Enterprise Linux release 8.9 (Ootpa)\n"},
    "rhel-9": {"/etc/os-release": rel(NAME="Red Hat Enterprise Linux", VERSION="9.2 (Plow)", ID="rhel", ID_LIKE="fedora", VERSION_ID="9.2", PRETTY_NAME="Red Hat Enterprise Linux 9.2 (Plow)")},
    "oracle-8": {"/etc/os-release": rel(NAME="Oracle Linux Server", VERSION="8.8", ID="ol", ID_LIKE="fedora", VERSION_ID="8.8", PRETTY_NAME="Oracle Linux Server 8.8", CPE_NAME="cpe:/o:oracle:linux:8:8:server")},
    "fedora-40": {"/etc/os-release": rel(NAME="Fedora Linux", VERSION="40 (Container Image)", ID="fedora", VERSION_ID="40", VERSION_CODENAME="", PRETTY_NAME="Fedora Linux 40 (Container Image)", CPE_NAME="cpe:/o:fedoraproject:fedora:40")},
    "amazon-2": {"/etc/os-release": rel(NAME="Amazon Linux", VERSION="2", ID="amzn", ID_LIKE="centos rhel fedora", VERSION_ID="2", PRETTY_NAME="Amazon Linux 2", CPE_NAME="cpe:2.3:o:amazon:amazon_linux:2")},
    "amazon-2023": {"/etc/os-release": rel(NAME="Amazon Linux", VERSION="2023", ID="amzn", ID_LIKE="fedora", VERSION_ID="2023", PRETTY_NAME="Amazon Linux 2023", CPE_NAME="cpe:2.3:o:amazon:amazon_linux:2023")},
    "leap-15.5": {"/etc/os-release": rel(NAME="openSUSE Leap", VERSION="15.5", ID="opensuse-leap", ID_LIKE="suse opensuse", VERSION_ID="15.5", PRETTY_NAME="openSUSE Leap 15.5", CPE_NAME="cpe:/o:opensuse:leap:15.5")},
    "tumbleweed": {"/etc/os-release": rel(NAME="openSUSE Tumbleweed", ID="opensuse-tumbleweed", ID_LIKE="opensuse suse", VERSION_ID="20240101", PRETTY_NAME="openSUSE Tumbleweed", CPE_NAME="cpe:/o:opensuse:tumbleweed:20240101")},
    "sles-15": {"/etc/os-release": rel(NAME="SLES", VERSION="15-SP5", VERSION_ID="15.5", PRETTY_NAME="SUSE Linux Enterprise Server 15 SP5", ID="sles", ID_LIKE="suse", CPE_NAME="cpe:/o:suse:sles:15:sp5")},
    "arch": {"/etc/os-release": rel(NAME="Arch Linux", PRETTY_NAME="Arch Linux", ID="arch", BUILD_ID="rolling"), "/etc/lsb-release": 'DISTRIB_ID="Arch"\nDISTRIB_RELEASE="rolling"\nDISTRIB_DESCRIPTION="Arch Linux"\n'},
    "arch-no-lsb": {"/etc/os-release": rel(NAME="Arch Linux", PRETTY_NAME="Arch Linux", ID="arch", BUILD_ID="rolling")},
    "manjaro": {"/etc/os-release": rel(NAME="Manjaro Linux", ID="manjaro", ID_LIKE="arch", BUILD_ID="rolling", PRETTY_NAME="Manjaro Linux"), "/etc/lsb-release": 'DISTRIB_ID="Manjaro Linux"\nDISTRIB_RELEASE="23.1.0"\nDISTRIB_CODENAME="Vulcan"\nDISTRIB_DESCRIPTION="Manjaro Linux"\n'},
    "alpine": {"/etc/os-release": 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.19.1\nPRETTY_NAME="Alpine Linux v3.19"\n'},
    "gentoo": {"/etc/os-release": rel(NAME="Gentoo", ID="gentoo", PRETTY_NAME="Gentoo Linux", VERSION_ID="2.14")},
    "void": {"/etc/os-release": rel(NAME="Void", ID="void", PRETTY_NAME="Void Linux")},
    "mint-21": {"/etc/os-release": rel(NAME="Linux Mint", VERSION="21.2 (Victoria)", ID="linuxmint", ID_LIKE="ubuntu debian", PRETTY_NAME="Linux Mint 21.2", VERSION_ID="21.2", VERSION_CODENAME="victoria", UBUNTU_CODENAME="jammy"), "/etc/lsb-release": 'DISTRIB_ID=LinuxMint\nDISTRIB_RELEASE=21.2\nDISTRIB_CODENAME=victoria\nDISTRIB_DESCRIPTION="Linux Mint 21.2 Victoria"\n'},
    "pop": {"/etc/os-release": rel(NAME="Pop!_OS", VERSION="22.04 LTS", ID="pop", ID_LIKE="ubuntu debian", PRETTY_NAME="Pop!_OS 22.04 LTS", VERSION_ID="22.04", VERSION_CODENAME="jammy"), "/etc/lsb-release": 'DISTRIB_ID=Pop\nDISTRIB_RELEASE=22.04\nDISTRIB_CODENAME=jammy\n'},
    "raspbian": {"/etc/os-release": rel(PRETTY_NAME="Raspbian GNU/Linux 11 (bullseye)", NAME="Raspbian GNU/Linux", VERSION_ID="11", VERSION="11 (bullseye)", VERSION_CODENAME="bullseye", ID="raspbian", ID_LIKE="debian")},
    "kali": {"/etc/os-release": rel(PRETTY_NAME="Kali GNU/Linux Rolling", NAME="Kali GNU/Linux", VERSION="2024.1", VERSION_ID="2024.1", VERSION_CODENAME="kali-rolling", ID="kali", ID_LIKE="debian")},
    "devuan": {"/etc/os-release": rel(PRETTY_NAME="Devuan GNU/Linux 5 (daedalus)", NAME="Devuan GNU/Linux", VERSION_ID="5", VERSION="5 (daedalus)", VERSION_CODENAME="daedalus", ID="devuan", ID_LIKE="debian")},
    "photon": {"/etc/os-release": rel(NAME="VMware Photon OS", VERSION="5.0", ID="photon", VERSION_ID="5.0", PRETTY_NAME="VMware Photon OS/Linux")},
    "cloudlinux": {"/etc/os-release": rel(NAME="CloudLinux", VERSION="8.9 (Anatoly Filipchenko)", ID="cloudlinux", ID_LIKE="rhel fedora centos", VERSION_ID="8.9", PRETTY_NAME="CloudLinux 8.9 (Anatoly Filipchenko)")},
    "centos-6": {"/etc/centos-release": "CentOS release 6.10 (Final)\n", "/etc/redhat-release": "CentOS release 6.10 (Final)\n"},
    "quoted": {"/etc/os-release": "NAME='Odd \\$ Linux'\nID=odd\nVERSION_ID='1.0-beta'\nPRETTY_NAME=\"Odd\"\n# comment\n\nBROKEN\n"},
    "empty": {"/etc/os-release": ""},
}


def main():
    real_open, real_isfile, real_exists, real_listdir = open, os.path.isfile, os.path.exists, os.listdir
    release_paths = ("/etc/", "/usr/lib/os-release", "/etc.defaults")
    scratch = tempfile.mkdtemp()
    table = []
    for name, files in SYSTEMS.items():
        def mine(path):
            return isinstance(path, str) and path.startswith(release_paths)

        def fake_open(path, *args, **kwargs):
            if mine(path):
                if path not in files:
                    raise FileNotFoundError(2, "No such file", path)
                made = os.path.join(scratch, path.replace("/", "_"))
                with real_open(made, "w", encoding="utf-8") as file:
                    file.write(files[path])
                return real_open(made, *args, **kwargs)
            return real_open(path, *args, **kwargs)

        builtins.open = fake_open
        os.path.isfile = lambda p: p in files if mine(p) else real_isfile(p)
        os.path.exists = lambda p: p in files if mine(p) else real_exists(p)
        os.listdir = lambda p=".": [os.path.basename(f) for f in files] if p == "/etc" else real_listdir(p)
        distro._distro = distro.distro._distro = distro.LinuxDistribution(include_lsb=False)
        core.platform._os_release_cache = None
        sys.modules["lsb_release"] = None
        try:
            grains = core._linux_distribution_data()
            if grains.get("osrelease"):
                grains.update(core._osrelease_data(grains["os"], grains["osfullname"], grains["osrelease"]))
        finally:
            builtins.open, os.path.isfile, os.path.exists, os.listdir = real_open, real_isfile, real_exists, real_listdir
        table.append({"name": name, "files": files, "grains": grains})
    shutil.rmtree(scratch)
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "table.json"), "w", encoding="utf-8") as file:
        json.dump(table, file, indent=1, sort_keys=True)
        file.write("\n")
    print(len(table), "systems")


main()
