"""Have a Docker engine: use the one that answers; on a bare Debian or Ubuntu, install and start one.

An engine that answers is never touched, nor is one that DOCKER_HOST or a docker context points at. Run it with
`make engine`; running it again does nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from dcos_docker_cli.backends.docker.engine import connect, endpoint
from dcos_docker_cli.exceptions import DcosDockerError

HERE = Path(__file__).parent
PACKAGES = ["docker.io", "iptables", "mmdebstrap"]
"""mmdebstrap makes the base of the node image where no registry can be reached."""
WRAPPER = Path("/usr/local/sbin/dcos-docker-runc")
DAEMON_JSON = Path("/etc/docker/daemon.json")
LOG = Path("/var/log/dcos-docker-engine.log")
SOCKET = "/var/run/docker.sock"
PID_FILES = (Path("/var/run/docker.pid"), Path("/var/run/docker/containerd/containerd.pid"))
START_SECONDS = 60
# The order of linux/capability.h.
CAPABILITIES = [
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
]


def main() -> None:
    """Have an engine, or say what to do."""
    try:
        print(f"A Docker engine answers at {connect().where}.")
        return
    except DcosDockerError as error:
        problem = error
    where = endpoint()
    if where.origin != "the default":
        sys.exit(f"{problem.message}\nIt is not this machine's own: start it where it runs, or unset its address.")
    if something_listens(SOCKET):
        sys.exit(f"{problem.message}\n{problem.hint}")
    installed = install()
    configured = configure()
    start(restart=installed and configured)
    print(f"A Docker engine answers at {where}.")


def something_listens(path: str) -> bool:
    """Whether there is an engine after all: one that is too old, that hangs, or that we may not use."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        try:
            client.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:
            return True
    return True


def check_access() -> None:
    """End with what to do when the engine runs and this user may not use it."""
    if not os.access(SOCKET, os.W_OK):
        sys.exit("The Docker engine runs. To use it without sudo: sudo usermod -aG docker $USER, then log in again.")


def install() -> bool:
    """Install the engine's packages where they are missing; return whether they were."""
    if shutil.which("dockerd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"):
        return False
    if not shutil.which("apt-get"):
        sys.exit("No Docker engine is installed, and this is not Debian or Ubuntu: install Docker 20.10 or later.")
    say(f"No Docker engine is installed: installing {', '.join(PACKAGES)} with apt-get.")
    as_root("apt-get", "update", "-qq")
    as_root("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-qq", "-y",
            "--no-install-recommends", *PACKAGES, stdout=subprocess.DEVNULL)  # fmt: skip
    return True


def configure() -> bool:
    """Put runtime-wrapper.sh before runc where this machine lacks capabilities; return whether it does."""
    missing = missing_capabilities()
    if not missing:
        return False
    settings = {"default-runtime": "dcos-docker", "runtimes": {"dcos-docker": {"path": str(WRAPPER)}}}
    if DAEMON_JSON.exists():
        if "dcos-docker" not in DAEMON_JSON.read_text(encoding="utf-8"):
            sys.exit(f"This machine lacks {', '.join(missing)}, so privileged containers cannot start. "
                     f"{DAEMON_JSON} is yours: add {json.dumps(settings)} to it.")  # fmt: skip
    else:
        say(f"This machine lacks {', '.join(missing)}: registering {WRAPPER} as the runtime in {DAEMON_JSON}.")
        write_as_root(DAEMON_JSON, json.dumps(settings, indent=2) + "\n", mode="0644")
    template = (HERE / "runtime-wrapper.sh").read_text(encoding="utf-8")
    script = template.replace('missing="@MISSING@"', f'missing="{" ".join(missing)}"')
    write_as_root(
        WRAPPER, script.replace("exec @RUNC@", f"exec {shutil.which('runc') or '/usr/sbin/runc'}"), mode="0755"
    )
    return True


def missing_capabilities() -> list[str]:
    """Return the names of the capabilities that the kernel knows and this machine's bounding set lacks."""
    highest = int(Path("/proc/sys/kernel/cap_last_cap").read_text(encoding="ascii"))
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines())
    bounding = int(status["CapBnd"], 16)
    return [f"CAP_{name.upper()}" for bit, name in enumerate(CAPABILITIES[: highest + 1]) if not bounding >> bit & 1]


def start(*, restart: bool) -> None:
    """Start the engine and wait until it answers.

    Installing starts it where there is an init system; `restart` is for one that did so before it was configured.
    """
    if Path("/run/systemd/system").is_dir():
        say("Starting docker.service.")
        as_root("systemctl", "enable", "--now", "docker")
        if restart:
            as_root("systemctl", "restart", "docker")
    else:
        say(f"No init system here: starting dockerd in the background, its log is {LOG}.")
        remove_stale_pid_files()
        as_root("sh", "-c", f"setsid dockerd >{LOG} 2>&1 </dev/null &")
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if something_listens(SOCKET):
            check_access()
            connect()  # it waits until the engine is ready
            return
        time.sleep(0.1)
    sys.exit(f"The Docker engine did not answer within {START_SECONDS} s. Look at {LOG} or `journalctl -u docker`.")


def remove_stale_pid_files() -> None:
    """Remove the process ids that an engine which was killed has left: another process may have them by now."""
    for path in PID_FILES:
        if path.exists():
            as_root("rm", "-f", str(path))


def say(text: str) -> None:
    """Say what is about to be done, before it is."""
    print(text, flush=True)


def as_root(*command: str, stdout: int | None = None, stdin: str | None = None) -> None:
    """Run a command as root, with sudo where needed."""
    if os.geteuid() != 0:
        if not shutil.which("sudo"):
            sys.exit(f"This needs root: {' '.join(command)}")
        command = ("sudo", *command)
    if subprocess.run(command, input=stdin, text=True, stdout=stdout, check=False).returncode != 0:
        sys.exit(f"Failed: {' '.join(command)}")


def write_as_root(path: Path, text: str, *, mode: str) -> None:
    """Write a file that only root may write."""
    as_root("mkdir", "-p", str(path.parent))
    as_root("tee", str(path), stdin=text, stdout=subprocess.DEVNULL)
    as_root("chmod", mode, str(path))


if __name__ == "__main__":
    main()
