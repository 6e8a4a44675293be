#!/bin/bash
# variant: {{variant}}
#
# This is a stand-in for a DC/OS {{version}} installer, made by `dcos-docker sample-installer`. It is not DC/OS.
#
# Unpacks the image below into the current directory, loads it into the engine and runs it on ./genconf.
# DCOS_INSTALLER_CONTAINER_NAME names the container, DCOS_INSTALLER_DAEMONIZE=true leaves it in the background.
set -o errexit -o nounset -o pipefail

readonly image='mesosphere/dcos-genconf:{{tag}}'
readonly tarball='dcos-genconf.{{tag}}.tar'
readonly container="${DCOS_INSTALLER_CONTAINER_NAME:-$tarball}"

if ! docker info >/dev/null 2>&1; then
    echo 'docker should be installed and running. Aborting.' >&2
    exit 1
fi

if [ ! -f "$tarball" ] || ! docker image inspect "$image" >/dev/null 2>&1; then
    echo 'Extracting image from this script and loading into docker daemon, this step can take a few minutes' >&2
    sed '1,/^#EOF#$/d' "$0" | tar xv
    docker load -i "$tarball" >&2
fi

mkdir -p genconf/state

if [ "${DCOS_INSTALLER_DAEMONIZE:-}" = true ]; then
    mode=-d
else
    mode=--rm
    # As in the real one: the default name, even when there is another.
    trap 'docker kill "$tarball" >/dev/null 2>&1' INT TERM
fi
# $(pwd) has no quotes in the real one either: a space in it is an error of docker's.
# shellcheck disable=SC2046
docker run $mode --name="$container" -i -v $(pwd)/genconf/:/genconf "$image" "$@"
exit $?
#EOF#
