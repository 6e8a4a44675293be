#!/bin/sh
# Have the programs that tests call; on Debian and Ubuntu install those that are missing.
set -eu
packages=
for wanted in ssh:openssh-client ssh-keygen:openssh-client openssl:openssl ps:procps curl:curl zsh:zsh fish:fish \
    mmdebstrap:mmdebstrap patchelf:patchelf docker-registry:docker-registry mkfs.btrfs:btrfs-progs mkfs.xfs:xfsprogs \
    rpmbuild:rpm rpmsign:rpm createrepo_c:createrepo-c gpg:gnupg shellcheck:shellcheck; do
    # Debian gives a plain user no /usr/sbin.
    PATH="$PATH:/usr/sbin:/sbin" command -v "${wanted%%:*}" >/dev/null || packages="$packages ${wanted#*:}"
done
[ -n "$packages" ] || exit 0
if ! command -v apt-get >/dev/null; then
    echo "Tests need programs that are not here. Install, by the names of their packages in Debian:$packages" >&2
    exit 1
fi
echo "Installing$packages with apt-get." >&2
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
$sudo apt-get update -qq
# shellcheck disable=SC2086
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $packages >/dev/null
