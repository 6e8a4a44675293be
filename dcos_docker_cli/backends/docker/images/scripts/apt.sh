# Debian and Ubuntu. Only what is missing is installed: a base that has all packages needs no network.
export DEBIAN_FRONTEND=noninteractive
missing=
for package in $PACKAGES; do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
done
if [ -n "$missing" ]; then
    # What nobody reads, and what Debian has beside its Docker that is not used by it: tools for its developers, and
    # shims from before 20.10.
    printf 'path-exclude=/usr/%s\n' 'share/doc/*' 'share/man/*' 'share/locale/*' 'share/info/*' 'share/lintian/*' \
        'bin/dnet' 'sbin/ovrouter' 'bin/containerd-stress' 'bin/containerd-shim' 'bin/containerd-shim-runc-v1' \
        >/etc/dpkg/dpkg.cfg.d/dcos-docker
    # Nothing is to be started by being installed.
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
    if [ -n "$package_mirror" ]; then
        rm -rf /etc/apt/sources.list.d
        echo "deb $package_mirror $SUITE $COMPONENTS" >/etc/apt/sources.list
    fi
    # An index that cannot be had is no mere warning (older apt does not know the option).
    apt-get update -q -o APT::Update::Error-Mode=any
    # shellcheck disable=SC2086
    apt-get install -q -y --no-install-recommends $missing
    rm -f /usr/sbin/policy-rc.d
fi
apt-get clean
rm -rf /var/lib/apt/lists/* /usr/share/doc /usr/share/man /usr/share/locale /usr/share/info /usr/share/lintian
# DC/OS' units name programs in /usr/bin, and old releases have some in /bin alone.
for file in /bin/* /sbin/*; do
    [ -e "/usr$file" ] || [ -L "/usr$file" ] || ln -s "$file" "/usr$file"
done
groupadd --force --system systemd-journal
