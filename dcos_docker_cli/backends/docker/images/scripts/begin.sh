# The beginning of all builds of node images. Before it stand the variables of the distribution.
# The build's own directory is on a volume, and so not in the image. `settings` has what concerns this build alone:
# proxies, mirrors.
set -eu
umask 022
build=/dcos-docker-build
. "$build/settings"

# For what no network cures; the program that runs this knows the status.
fail() {
    echo "$*" >&2
    exit 3
}

# What is about to be built on may be what a user has given.
[ -r /etc/os-release ] || fail "The base has no /etc/os-release: it is no root file system of $DISTRIBUTION."
found=$(. /etc/os-release && echo "$ID ${VERSION_ID:-}")
case "$found" in
    "$OS_RELEASE" | "$OS_RELEASE".* | "$OS_RELEASE "*) ;;
    *) fail "The base is $found, and $DISTRIBUTION is wanted ($OS_RELEASE)." ;;
esac
