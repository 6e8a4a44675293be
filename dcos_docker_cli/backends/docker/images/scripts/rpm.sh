# CentOS and Rocky Linux. Only what is missing is installed: a base that has all packages needs no network.
missing_packages() {
    for package in $PACKAGES; do
        rpm -q --quiet --whatprovides "$package" || printf ' %s' "$package"
    done
}
missing=$(missing_packages)
if [ -n "$missing" ]; then
    # The mirrors of releases that have ended are closed; their packages are in the vault.
    if [ -n "${package_mirror:-$VAULT}" ]; then
        for file in /etc/yum.repos.d/*.repo; do
            sed -i -e "s|^mirrorlist=$MIRROR_LIST|#&|" \
                -e "s|^#* *baseurl=$BASE_URL|baseurl=${package_mirror:-$VAULT}$PLACE|" "$file"
        done
    fi
    installer=$(command -v dnf || command -v yum)
    # shellcheck disable=SC2086
    "$installer" -y --setopt=tsflags=nodocs --setopt=install_weak_deps=False install $missing
    "$installer" -q clean all
    # yum ends with 0 when it finds some of the packages and not all.
    missing=$(missing_packages)
    [ -z "$missing" ] || {
        echo "These packages could not be had:$missing." >&2
        exit 1
    }
fi
rm -rf /var/cache/yum /var/cache/dnf
# What the installer of DC/OS looks for, and Debian has.
groupadd --force --system nogroup
