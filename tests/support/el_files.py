"""What images of CentOS 7, CentOS 8 and Rocky Linux 8 hold beside programs, as their packages bring it."""

from __future__ import annotations

from dataclasses import dataclass, field

COMMENT = """\
# {file}
#
# The mirrorlist system uses the connecting IP address of the client and the
# update status of each mirror to pick current mirrors that are geographically
# close to the client.  You should use this for {vendor} updates unless you are
# manually picking other mirrors.
#
# If the mirrorlist does not work for you, you can try the commented out
# baseurl line instead.

"""
MAIN_7 = """\
[main]
cachedir=/var/cache/yum/$basearch/$releasever
keepcache=0
debuglevel=2
logfile=/var/log/yum.log
exactarch=1
obsoletes=1
gpgcheck=1
plugins=1
installonly_limit=5
distroverpkg=centos-release
override_install_langs=en_US.utf8
tsflags=nodocs
"""
MAIN_8 = """\
[main]
gpgcheck=1
installonly_limit=3
clean_requirements_on_remove=True
best=True
skip_if_unavailable=False
tsflags=nodocs
"""
OS_RELEASE = """\
NAME="{name}"
VERSION="{version}"
ID="{id}"
ID_LIKE="rhel fedora"
VERSION_ID="{version_id}"
PLATFORM_ID="platform:el{major}"
PRETTY_NAME="{name} {version}"
"""
PACKAGES = [
    "systemd",
    "openssh-server",
    "openssh-clients",
    "sudo",
    "iproute",
    "ipset",
    "iptables",
    "iputils",
    "kmod",
    "procps-ng",
    "curl",
    "ca-certificates",
    "xz",
    "unzip",
    "tar",
    "less",
    "vim-minimal",
    "dbus",
    "which",
    "bash",
    "ncurses",
    "util-linux",
    "hostname",
    "findutils",
    "gzip",
]
SSHD = """\
[Unit]
Description=OpenSSH server daemon
After=network.target {keygen}
Wants={keygen}

[Service]
Type=notify
EnvironmentFile=-/etc/sysconfig/sshd
RuntimeDirectory=sshd
ExecStart=/usr/sbin/sshd -D $OPTIONS
ExecReload=/bin/kill -HUP $MAINPID
KillMode=process
Restart=on-failure
RestartSec=42s

[Install]
WantedBy=multi-user.target
"""
KEYGEN_7 = """\
[Unit]
Description=OpenSSH Server Key Generation
ConditionFileNotEmpty=|!/etc/ssh/ssh_host_rsa_key
ConditionFileNotEmpty=|!/etc/ssh/ssh_host_ecdsa_key
ConditionFileNotEmpty=|!/etc/ssh/ssh_host_ed25519_key
PartOf=sshd.service sshd.socket

[Service]
ExecStart=/usr/sbin/sshd-keygen
Type=oneshot
RemainAfterExit=yes
"""
KEYGEN_8 = """\
[Unit]
Description=OpenSSH %i Server Key Generation
ConditionFileNotEmpty=|!/etc/ssh/ssh_host_%i_key

[Service]
Type=oneshot
EnvironmentFile=-/etc/sysconfig/sshd
ExecStart=/usr/libexec/openssh/sshd-keygen %i

[Install]
WantedBy=sshd-keygen.target
"""
KEYGEN_TARGET = """\
[Unit]
Wants=sshd-keygen@rsa.service
Wants=sshd-keygen@ecdsa.service
Wants=sshd-keygen@ed25519.service
PartOf=sshd.service
"""
UNITS = "usr/lib/systemd/system"
OPENSSH_7 = {
    f"{UNITS}/sshd.service": SSHD.format(keygen="sshd-keygen.service"),
    f"{UNITS}/sshd-keygen.service": KEYGEN_7,
    "usr/sbin/sshd-keygen": "#!/bin/bash\nexec /usr/bin/ssh-keygen -A\n",
}
OPENSSH_8 = {
    f"{UNITS}/sshd.service": SSHD.format(keygen="sshd-keygen.target"),
    f"{UNITS}/sshd-keygen@.service": KEYGEN_8,
    f"{UNITS}/sshd-keygen.target": KEYGEN_TARGET,
    "usr/libexec/openssh/sshd-keygen": """\
#!/bin/bash
key=/etc/ssh/ssh_host_$1_key
rm -f "$key" "$key.pub"
exec /usr/bin/ssh-keygen -q -t "$1" -f "$key" -C '' -N ''
""",
}


@dataclass(frozen=True)
class El:
    """A distribution of that family."""

    name: str
    tag: str
    release: str
    """The package that says which release this is, and its head."""
    release_head: str
    repositories: tuple[str, ...]
    """Where mirrors have them; the first has all packages."""
    gpg_key: str
    """The path of the key that the repositories name."""
    files: dict[str, str]
    openssh: dict[str, str] = field(default_factory=dict)
    more_packages: tuple[str, ...] = ()
    has_dnf: bool = True


def package_files(el: El, package: str) -> dict[str, str]:
    """Return what a package brings beside its mark."""
    return el.openssh if package == "openssh-server" else {}


def _section(name: str, title: str, mirrorlist: str, baseurl: str, key: str, more: str = "enabled=1\n") -> str:
    lines = (f"[{name}]", f"name={title}", f"mirrorlist={mirrorlist}", f"#baseurl={baseurl}", "gpgcheck=1")
    return "\n".join(lines) + f"\n{more}gpgkey=file:///{key}\n"


def _centos_7() -> El:
    key = "etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7"

    def section(name: str, path: str, title: str, more: str = "") -> str:
        mirrorlist = f"http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo={path}&infra=$infra"
        baseurl = f"http://mirror.centos.org/centos/$releasever/{path}/$basearch/"
        return _section(name, f"CentOS-$releasever - {title}", mirrorlist, baseurl, key, more) + "\n"

    base = COMMENT.format(file="CentOS-Base.repo", vendor="CentOS") + "".join(
        (
            section("base", "os", "Base"),
            "#released updates \n",
            section("updates", "updates", "Updates"),
            "#additional packages that may be useful\n",
            section("extras", "extras", "Extras"),
            "#additional packages that extend functionality of existing packages\n",
            section("centosplus", "centosplus", "Plus", "enabled=0\n"),
        )
    )
    cr = "[cr]\nname=CentOS-$releasever - cr\nbaseurl=http://mirror.centos.org/centos/$releasever/cr/$basearch/\n"
    vault = "[C7.8.2003-base]\nname=CentOS-7.8.2003 - Base\nbaseurl=http://vault.centos.org/7.8.2003/os/$basearch/\n"
    off = f"gpgcheck=1\ngpgkey=file:///{key}\nenabled=0\n"
    os_release = OS_RELEASE.format(name="CentOS Linux", version="7 (Core)", id="centos", version_id="7", major=7)
    return El(
        name="centos-7",
        tag="el7",
        release="centos-release",
        release_head="Version: 7\nProvides: system-release = 7.9\nProvides: system-release(releasever) = 7",
        repositories=("7.9.2009/os/{arch}", "7.9.2009/updates/{arch}", "7.9.2009/extras/{arch}"),
        gpg_key=key,
        openssh=OPENSSH_7,
        has_dnf=False,
        files={
            "etc/yum.repos.d/CentOS-Base.repo": base,
            "etc/yum.repos.d/CentOS-CR.repo": cr + off,
            "etc/yum.repos.d/CentOS-Vault.repo": vault + off,
            "etc/yum.conf": MAIN_7,
            "etc/dnf/dnf.conf": MAIN_7,  # where this yum, which is dnf, reads it
            "etc/yum/vars/contentdir": "centos\n",
            "etc/yum/vars/infra": "container\n",
            "etc/centos-release": "CentOS Linux release 7.9.2009 (Core)\n",
            "usr/lib/os-release": os_release.replace('PLATFORM_ID="platform:el7"\n', ""),
        },
    )


def _centos_8() -> El:
    key = "etc/pki/rpm-gpg/RPM-GPG-KEY-centosofficial"

    def repo(title: str, path: str, *, more: str = "enabled=1\n") -> str:
        mirrorlist = f"http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo={title}&infra=$infra"
        baseurl = f"http://mirror.centos.org/$contentdir/$releasever/{path}/$basearch/os/"
        head = COMMENT.format(file=f"CentOS-Linux-{title}.repo", vendor="CentOS")
        return head + _section(title.lower(), f"CentOS Linux $releasever - {title}", mirrorlist, baseurl, key, more)

    media = "[media-baseos]\nname=CentOS Linux 8 - Media\nbaseurl=file:///media/CentOS/BaseOS\n"
    off = f"enabled=0\ngpgcheck=1\ngpgkey=file:///{key}\n"
    return El(
        name="centos-8",
        tag="el8",
        release="centos-linux-release",
        release_head="Version: 8.5\nProvides: system-release = 8.5\nProvides: system-release(releasever) = 8",
        repositories=("8.5.2111/BaseOS/{arch}/os", "8.5.2111/AppStream/{arch}/os", "8.5.2111/extras/{arch}/os"),
        gpg_key=key,
        openssh=OPENSSH_8,
        more_packages=("dbus-daemon", "glibc-langpack-en"),
        files={
            "etc/yum.repos.d/CentOS-Linux-BaseOS.repo": repo("BaseOS", "BaseOS"),
            "etc/yum.repos.d/CentOS-Linux-AppStream.repo": repo("AppStream", "AppStream"),
            "etc/yum.repos.d/CentOS-Linux-Extras.repo": repo("extras", "extras"),
            "etc/yum.repos.d/CentOS-Linux-PowerTools.repo": repo("PowerTools", "PowerTools", more="enabled=0\n"),
            "etc/yum.repos.d/CentOS-Linux-Media.repo": media + off,
            "etc/dnf/dnf.conf": MAIN_8,
            "etc/dnf/vars/contentdir": "centos\n",
            "etc/dnf/vars/infra": "container\n",
            "etc/centos-release": "CentOS Linux release 8.5.2111\n",
            "usr/lib/os-release": OS_RELEASE.format(
                name="CentOS Linux", version="8", id="centos", version_id="8", major=8
            ),
        },
    )


def _rocky_8() -> El:
    key = "etc/pki/rpm-gpg/RPM-GPG-KEY-rockyofficial"

    def repo(title: str, path: str, *, more: str = "enabled=1\ncountme=1\n") -> str:
        mirrorlist = f"https://mirrors.rockylinux.org/mirrorlist?arch=$basearch&repo={path}-$releasever"
        baseurl = f"http://dl.rockylinux.org/$contentdir/$releasever/{path}/$basearch/os/"
        head = COMMENT.format(file=f"Rocky-{title}.repo", vendor="Rocky")
        return head + _section(title.lower(), f"Rocky Linux $releasever - {title}", mirrorlist, baseurl, key, more)

    return El(
        name="rocky-8",
        tag="el8_10",
        release="rocky-release",
        release_head="Version: 8.10\nProvides: system-release = 8.10\nProvides: system-release(releasever) = 8",
        repositories=("8/BaseOS/{arch}/os", "8/AppStream/{arch}/os", "8/extras/{arch}/os"),
        gpg_key=key,
        openssh=OPENSSH_8,
        more_packages=("dbus-daemon", "glibc-langpack-en"),
        files={
            "etc/yum.repos.d/Rocky-BaseOS.repo": repo("BaseOS", "BaseOS"),
            "etc/yum.repos.d/Rocky-AppStream.repo": repo("AppStream", "AppStream"),
            "etc/yum.repos.d/Rocky-Extras.repo": repo("Extras", "extras"),
            "etc/yum.repos.d/Rocky-PowerTools.repo": repo("PowerTools", "PowerTools", more="enabled=0\ncountme=1\n"),
            "etc/dnf/dnf.conf": MAIN_8,
            "etc/dnf/vars/contentdir": "pub/rocky\n",
            "etc/dnf/vars/infra": "stock\n",
            "etc/rocky-release": "Rocky Linux release 8.10 (Green Obsidian)\n",
            "usr/lib/os-release": OS_RELEASE.format(
                name="Rocky Linux", version="8.10 (Green Obsidian)", id="rocky", version_id="8.10", major=8
            ),
        },
    )


DISTRIBUTIONS = {el.name: el for el in (_centos_7(), _centos_8(), _rocky_8())}
