# A static build of Docker. It is in the build's own directory.
cp "$build"/docker/* /usr/bin/
chmod 755 /usr/bin/docker*
# 1.11 has the daemon as a command of the client.
[ -e /usr/bin/dockerd ] || printf '#!/bin/sh\nexec /usr/bin/docker daemon "$@"\n' >/usr/bin/dockerd
chmod 755 /usr/bin/dockerd
found=$(docker --version) || fail "The Docker of the tarball does not run on $DISTRIBUTION."
case "$found" in
    "Docker version $DOCKER"[.,+-]*) ;;
    *) fail "Docker $DOCKER is wanted, and the tarball has: $found" ;;
esac
groupadd --force --system docker
systemctl mask docker.socket # a vendor's would be in the way
cat >/etc/systemd/system/docker.service <<END
[Unit]
Description=Docker $DOCKER, a static build
After=network.target

[Service]
Type=notify
ExecStart=/usr/bin/dockerd --host=unix:///var/run/docker.sock
ExecReload=/bin/kill -s HUP \$MAINPID
Delegate=yes
KillMode=process
LimitNOFILE=1048576
TasksMax=infinity
Restart=always

[Install]
WantedBy=multi-user.target
END
