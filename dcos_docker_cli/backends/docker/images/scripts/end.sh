# The end of all builds: our own files, and which units a node has.
cp -R --remove-destination "$build"/rootfs/. /
rm -rf /var/cache/* /var/log/* /etc/ssh/ssh_host_* /var/lib/dbus/machine-id
: >/etc/machine-id

# Host keys are each node's own, made at its first start, by our own unit. What a container has no use for is masked.
systemctl enable dcos-docker-host-keys.service "$SSHD" docker.service
systemctl disable docker.socket 2>/dev/null || : # docker.service starts it where it wants it
systemctl mask ssh.socket sshd.socket sshd-keygen.service sshd-keygen@.service sshd-keygen.target \
    getty.target getty-static.service console-getty.service systemd-logind.service \
    systemd-udevd.service systemd-udev-trigger.service systemd-modules-load.service systemd-sysctl.service \
    systemd-update-utmp.service systemd-update-utmp-runlevel.service systemd-networkd.service \
    systemd-random-seed.service systemd-timesyncd.service systemd-resolved.service \
    systemd-remount-fs.service systemd-firstboot.service systemd-machine-id-commit.service systemd-pcrphase.service \
    dev-hugepages.mount sys-fs-fuse-connections.mount sys-kernel-debug.mount sys-kernel-tracing.mount \
    sys-kernel-config.mount proc-sys-fs-binfmt_misc.automount dev-mqueue.mount \
    apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer motd-news.timer \
    systemd-tmpfiles-clean.timer swap.target \
    dnf-makecache.timer e2scrub_reap.service update-engine.service locksmithd.service
systemctl set-default multi-user.target
