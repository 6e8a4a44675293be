#!/bin/bash
# Upgrades this node from {{installed_version}} to {{version}}: stand-ins for DC/OS made by dcos-docker, not DC/OS.
set -o errexit -o nounset -o pipefail

readonly bootstrap_url='{{bootstrap_url}}'
readonly tarball=/opt/mesosphere/bootstrap.tar.xz

if [ "$(id -u)" -ne 0 ]; then
    echo 'This script must be run as root.' >&2
    exit 1
fi

version_file=/opt/mesosphere/etc/dcos-version.json
if [ ! -e "$version_file" ]; then
    echo 'DC/OS is not installed on this node.' >&2
    exit 1
fi
found=$(sed -n 's/.*"version": "\([^"]*\)".*/\1/p' "$version_file")
if [ "$found" != '{{installed_version}}' ]; then
    echo "ERROR: Expecting to upgrade DC/OS from {{installed_version}} to {{version}}. Version found is $found" >&2
    exit 1
fi

echo 'Starting the upgrade of this node to a stand-in for DC/OS {{version}}. It is not DC/OS.'
curl -fsSL --retry 20 -o "$tarball" "$bootstrap_url/bootstrap/{{bootstrap_id}}.bootstrap.tar.xz"
tar -xJf "$tarball" -C /opt/mesosphere
rm -f "$tarball"
echo "$bootstrap_url" >/etc/mesosphere/setup-flags/repository-url
echo '{{package_list}}' >/etc/mesosphere/setup-flags/cluster-package-list
/opt/mesosphere/bootstrap upgrade
echo 'This node is upgraded.'
