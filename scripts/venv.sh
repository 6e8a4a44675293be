#!/bin/sh
# Make the virtual environment with what the program and its tests need. On Debian a bare Python has no venv module
# that works; its package is then installed.
set -eu
python=$1 venv=$2

if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if ! command -v apt-get >/dev/null; then
        echo "$python cannot make virtual environments: install its venv module." >&2
        exit 1
    fi
    echo "Installing python$version-venv with apt-get." >&2
    sudo=$([ "$(id -u)" = 0 ] || echo sudo)
    $sudo apt-get update -qq
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "python$version-venv" >/dev/null
fi
echo "Making $venv (some 20 s)." >&2
"$python" -m venv --clear "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --use-pep517 --editable '.[dev]'
