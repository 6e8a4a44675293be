#!/bin/bash
# Installs this node as a part of a cluster: a stand-in for DC/OS {{version}} made by dcos-docker, not DC/OS.
#
# dcos_install.sh [--disable-preflight|--preflight-only] [--no-block-dcos-setup] master|slave|slave_public
set -o errexit -o nounset -o pipefail

readonly bootstrap_url='{{bootstrap_url}}'
readonly bootstrap_id='{{bootstrap_id}}'
readonly units=/etc/systemd/system

red='' plain=''
if [ -t 1 ]; then
    # Without a usable TERM this ends the script, as in the real one.
    colors_supported=$(tput colors)
    if [ "$colors_supported" -ge 8 ]; then
        red='\e[1;31m' plain='\e[0m'
    fi
fi

usage() {
    echo "usage: $0 [--disable-preflight|--preflight-only] [--no-block-dcos-setup] master|slave|slave_public" >&2
    exit 1
}

# --- Preflight: each check prints a line, and counts when it fails.

failures=0

report() { # report NAME pass|REASON
    if [ "$2" = pass ]; then
        echo "$1: PASS"
    else
        echo -e "$1: ${red}FAIL${plain} ($2)"
        failures=$((failures + 1))
    fi
}

# Whether the dotted number $1 is $2 or later.
at_least() {
    [ "$(printf '%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

check_not_installed() {
    local found=''
    [ -z "$(ls -A /opt/mesosphere 2>/dev/null)" ] || found='/opt/mesosphere is not empty'
    for path in "$units/dcos.target" "$units/dcos.target.wants"; do
        [ ! -e "$path" ] || found="$path exists"
    done
    if [ -n "$found" ]; then
        report 'Is DC/OS not installed already?' "$found"
        exit 1
    fi
    report 'Is DC/OS not installed already?' pass
}

check_selinux() {
    local result=pass
    if [ "$(getenforce 2>/dev/null || true)" = Enforcing ]; then
        [[ "$(sestatus)" =~ Loaded\ policy\ name:\ +targeted ]] || result='enforcing, and the policy is not targeted'
    fi
    report 'Does SELinux allow it?' "$result"
}

check_command() { # check_command NAME [LOWEST_VERSION VERSION]
    if ! command -v "$1" >/dev/null; then
        report "$1 exists?" 'not found'
    elif [ $# -eq 3 ] && ! at_least "$3" "$2"; then
        report "$1 is $2 or later?" "it is ${3:-unknown}"
    else
        report "$1 exists?" pass
    fi
}

version_of() { # the first dotted or plain number of a program's --version
    "$1" --version 2>/dev/null | grep -Eom 1 '[0-9]+(\.[0-9]+)*' | head -n 1 || true
}

check_commands() {
    for name in curl bash ping tar xz unzip ipset systemd-notify sort lsmod getopt df; do
        check_command "$name"
    done
    check_command systemctl 200 "$(version_of systemctl)"
    check_command docker 1.6 "$(version_of docker)"
}

# The docker daemon's answer, asked for once.
check_docker() {
    local info
    if ! info=$(docker info 2>/dev/null); then
        report 'Does Docker run?' 'docker info fails'
        return
    fi
    report 'Does Docker run?' pass
    if [[ "$info" == *devicemapper* && "$info" == *'Data loop file'* ]]; then
        report "Docker's storage" 'devicemapper on a loop device'
    elif [[ "$info" == *'Backing Filesystem: xfs'* && "$info" == *'Supports d_type: false'* ]]; then
        report "Docker's storage" 'XFS with ftype=0'
    else
        report "Docker's storage" pass
    fi
}

check_ports() {
    local ports='53 179 5051 61001 61091 62020 62080 62091 62501 64000' taken port hex
    if [ "$role" = master ]; then
        ports='53 80 443 179 1050 2181 2379 2380 5050 7070 8080 8101 8123 8181 9000 9942 9990 36771 41281 46839 61053
            61091 62020 62080 62091 62501 64000'
    fi
    # The local ports of sockets that listen (TCP's state 0A) and of all of UDP's, in hexadecimal.
    taken=" $(awk '$4 == "0A" || FILENAME ~ /udp/ { sub(/.*:/, "", $2); printf "%s ", $2 }' \
        $(ls /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 2>/dev/null))"
    for port in $ports; do
        printf -v hex '%04X' "$port"
        if [[ "$taken" == *" $hex "* ]]; then
            report "Is port $port free?" 'in use'
        fi
    done
}

preflight() {
    echo 'Running preflight checks'
    check_not_installed
    check_selinux
    check_commands
    check_docker
    check_ports
    if [ "$failures" -gt 0 ]; then
        echo -e "${red}$failures checks failed.${plain}" >&2
        exit "$failures"
    fi
}

# --- Installation

write_settings() {
    mkdir -p /etc/mesosphere/roles /etc/mesosphere/setup-flags /etc/systemd/journald.conf.d /etc/rexray /opt/mesosphere \
        /var/lib/dcos
    touch "/etc/mesosphere/roles/$role"
    echo "$bootstrap_url" >/etc/mesosphere/setup-flags/repository-url
    echo '{{package_list}}' >/etc/mesosphere/setup-flags/cluster-package-list
    printf '[Journal]\nMaxLevelConsole=warning\nRateLimitInterval=1s\nRateLimitBurst=10000\n' \
        >/etc/systemd/journald.conf.d/dcos.conf
    printf 'rexray:\n  loglevel: info\n' >/etc/rexray/config.yml
}

write_units() {
    cat >"$units/dcos-link-env.service" <<'EOF'
[Unit]
Description=DC/OS Setup: environment of login shells (a sample, not the real one)
Before=dcos-setup.service

[Service]
Type=oneshot
ExecStartPre=/usr/bin/mkdir -p /etc/profile.d
ExecStart=/usr/bin/ln -sf /opt/mesosphere/environment.export /etc/profile.d/dcos.sh

[Install]
WantedBy=multi-user.target
EOF
    cat >"$units/dcos-download.service" <<EOF
[Unit]
Description=DC/OS Setup: download (a sample, not the real one)
After=network-online.target
Wants=network-online.target
ConditionPathExists=!/opt/mesosphere/environment

[Service]
Type=oneshot
ExecStartPre=/usr/bin/mkdir -p /opt/mesosphere
ExecStartPre=/usr/bin/curl -fLsSv --retry 20 -Y 100000 -y 60 -o /tmp/bootstrap.tar.xz.part $bootstrap_url/bootstrap/$bootstrap_id.bootstrap.tar.xz
ExecStart=/usr/bin/tar -xJf /tmp/bootstrap.tar.xz.part -C /opt/mesosphere
ExecStartPost=/usr/bin/rm -f /tmp/bootstrap.tar.xz.part

[Install]
WantedBy=multi-user.target
EOF
    cat >"$units/dcos-setup.service" <<'EOF'
[Unit]
Description=DC/OS Setup: packages (a sample, not the real one)
Requires=dcos-download.service dcos-link-env.service
After=dcos-download.service dcos-link-env.service
ConditionPathExists=/opt/mesosphere/bootstrap

[Service]
Type=oneshot
ExecStart=/opt/mesosphere/bootstrap setup

[Install]
WantedBy=multi-user.target
EOF
}

start_setup() {
    # Enabling has systemd read the units as well.
    systemctl --quiet enable dcos-link-env dcos-download dcos-setup
    systemctl restart systemd-journald docker
    # shellcheck disable=SC2086 - $1 is nothing when this is to wait
    systemctl start $1 dcos-link-env dcos-download dcos-setup
}

# --- Arguments

with_preflight=true only_preflight=false block='' role=''
while [ $# -gt 0 ]; do
    case "$1" in
        --disable-preflight) with_preflight=false ;;
        --preflight-only) only_preflight=true ;;
        --no-block-dcos-setup) block=--no-block ;;
        master | slave | slave_public) [ -z "$role" ] || usage; role=$1 ;;
        *) usage ;;
    esac
    shift
done
[ -n "$role" ] || usage
if [ "$(id -u)" -ne 0 ]; then
    echo 'This script must be run as root.' >&2
    exit 1
fi

echo 'Starting the installation of a stand-in for DC/OS {{version}}. It is not DC/OS.'
if $with_preflight; then
    preflight
fi
if $only_preflight; then
    exit 0
fi
echo "Installing as $role"
write_settings
write_units
start_setup "$block"
