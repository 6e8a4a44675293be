#!/bin/sh
# The Python that the sample's installer and nodes carry with them, taken from the node image's own distribution.
set -eu
build=/dcos-docker-build
. "$build/settings"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq -y --no-install-recommends python3
apt-get clean
rm -rf /var/lib/apt/lists/*
python3 "$build/rootfs/collect.py" /runtime
