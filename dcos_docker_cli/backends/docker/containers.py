"""The containers of a cluster: the reservation, the nodes, the bootstrap node. Pure configurations, and their start."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcos_docker_cli import labels
from dcos_docker_cli.backends.docker import listing
from dcos_docker_cli.backends.docker.container_removal import (
    remove_after_failure,
    remove_container,
    say_what_is_left,
    telling_what_is_left,
)
from dcos_docker_cli.backends.docker.fit import DOCKER_DIRECTORY, init_of
from dcos_docker_cli.backends.docker.layout import dns_name
from dcos_docker_cli.backends.docker.naming import container_name
from dcos_docker_cli.dcos.bootstrap import CACHE_DIR, WORK_DIR
from dcos_docker_cli.docker_storage_drivers import DockerStorageDriver
from dcos_docker_cli.exceptions import (
    DcosDockerError,
    EngineConflictError,
    EngineError,
    NodeNotFoundError,
    NodeStartError,
)
from dcos_docker_cli.labels import Kind
from dcos_docker_cli.model import INSTALL_DIR, Role
from dcos_docker_cli.transports.base import failed_units, run
from dcos_docker_cli.transports.docker_exec import DockerExec

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from dcos_docker_cli.backends.docker.engine import Engine
    from dcos_docker_cli.backends.docker.layout import Layout
    from dcos_docker_cli.backends.docker.settings import Mounts, Settings
    from dcos_docker_cli.model import ClusterPlan, NodeRef

DATA_DIRECTORIES = ("/var/lib/docker", "/opt", "/var/lib/mesos/slave", "/var/log/journal")
"""On volumes of their own: Docker's overlay2 does not work on overlayfs, and the others grow large."""
NOFILE = 1048576
"""More makes programs slow that close all possible files, and old rpm hang."""
ENGINE_PID_FILE = Path("/var/run/docker.pid")
STORAGE_DRIVER_VARIABLE = "DOCKER_DRIVER"
"""Docker's own variable, which a node's docker.service takes over from the container."""
TMPFS = {"/run": "exec", "/tmp": "exec"}  # noqa: S108 - the node's
BOOT_SECONDS = 120
ENDED = "its first process has ended"
KILLED = 137
RUNTIME_FAILURES = ("OCI runtime exec failed", "cannot exec in a stopped")
"""What an exec ends with when its container does."""
ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)|\r(?=\r|\n)")
"""What a program writes for a terminal and nobody reads in an error: colours, titles."""
# systemd older than 240 takes no notice of --wait here, and says "starting" at once; older than 232 it refuses it, and
# says nothing. Before its socket is there, it says "offline".
WAIT_UNTIL_BOOTED = """
until
    state=$(systemctl is-system-running --wait 2>/dev/null)
    [ -n "$state" ] || state=$(systemctl is-system-running 2>/dev/null)
    [ "$state" = running ] || [ "$state" = degraded ]
do sleep 0.05; done
# A service that is to be started again and again is no failure for systemd.
[ "$state" != running ] || systemctl --quiet is-active docker || state="its Docker does not start"
echo "$state"
"""
MASTER_PORTS = ("8FA3", "A141", "B6F7")  # 36771, 41281, 46839
"""In hexadecimal, as the kernel tells them: ports that a master needs and the kernel gives to who asks for any."""
NAME_SERVER = "the engine's name server has a port that DC/OS needs"
WITHOUT_NAME_SERVER = f"""
taken=$(sed -n 's/.* 0B00007F:\\([0-9A-F]*\\) .*/\\1/p' /proc/net/tcp /proc/net/udp)
for port do
    case " $(echo $taken) " in *" "$port" "*) echo "{NAME_SERVER}"; exit ;; esac
done
"""
"""In each node's network the engine listens on two ports by chance, at 127.0.0.11; when it starts again, on others."""
START_ATTEMPTS = 5


def create_reservation(engine: Engine, plan: ClusterPlan, settings: Settings, image: str) -> str:
    """Take the cluster id; raise `EngineConflictError` when it is taken. The container is never started."""
    return create(
        engine,
        container_name(Kind.RESERVATION, plan.cluster_id),
        {"Image": image, "Cmd": ["true"], "Labels": _cluster_labels(Kind.RESERVATION, plan, settings)},
    )


def create(engine: Engine, name: str, config: Mapping[str, Any]) -> str:
    """Create a container; return its id. When that fails there is none, also if the engine has made it."""
    try:
        answer = engine.create_container_from_config(dict(config), name=name)  # type: ignore[no-untyped-call]
    except DcosDockerError as error:
        if not isinstance(error, EngineError) or error.status >= 500:
            _remove_unheard_of(engine, name, error)
        raise
    return str(answer["Id"])


def _remove_unheard_of(engine: Engine, name: str, failure: BaseException) -> None:
    """Remove the container of a name if this process has made it: the answer that told so may have been lost."""
    own = labels.Creator.this_process()
    try:
        with engine.cancellation.shielded():
            for item in listing.with_name(engine, name):
                if labels.decode(item["Labels"]).creator == own:
                    remove_container(engine, item["Id"])
    except DcosDockerError:
        say_what_is_left(failure)


def start_node(engine: Engine, plan: ClusterPlan, settings: Settings, layout: Layout, ref: NodeRef) -> None:
    """Create and start a node, and wait until systemd has brought it up; raise `NodeStartError` if it does not."""
    config = node_config(plan, settings, layout, ref, nofile=nofile_limit(engine))
    container = _create_and_start(engine, ref.host_name(plan.cluster_id, settings.name_prefix), config)
    ports = MASTER_PORTS if ref.role is Role.MASTER else ()
    script = WITHOUT_NAME_SERVER + WAIT_UNTIL_BOOTED
    try:
        for attempt in range(START_ATTEMPTS):
            if attempt:
                engine.restart(container, timeout=0)
            result = run(
                DockerExec(engine, container), ["timeout", str(BOOT_SECONDS), "sh", "-c", script, "sh", *ports]
            )
            state = result.stdout.decode(errors="replace").strip()
            if state != NAME_SERVER:
                break
    except (NodeNotFoundError, EngineConflictError) as error:  # or somebody has removed it, which the undoing finds out
        raise _start_failure(engine, container, f"{ref} did not come up: {ENDED}.") from error
    if result.returncode != 0 or state != "running":
        # The runtime's words for a container that ends while the command begins come as the command's output.
        has_ended = result.returncode == KILLED or state.startswith(RUNTIME_FAILURES)
        said = ENDED if has_ended else state or "it says nothing"
        raise _start_failure(engine, container, f"{ref} did not come up: {said}.")


def node_config(plan: ClusterPlan, settings: Settings, layout: Layout, ref: NodeRef, *, nofile: int) -> dict[str, Any]:
    """Return the configuration of a node's container, as the engine's API wants it. What users mount wins over ours."""
    address = layout.addresses[ref]
    node_labels = {
        **settings.labels_of(ref.role),
        **_cluster_labels(Kind.NODE, plan, settings),
        labels.ROLE_KEY: ref.role.word,
        labels.INDEX_KEY: str(ref.index),
        labels.ADDRESS_KEY: address,
        labels.NAME_PREFIX_KEY: settings.name_prefix,
    }
    users = settings.mounts_of(ref.role)
    host = {
        **_systemd_host_config(nofile, users.targets),
        "ExtraHosts": list(layout.hosts),
        "RestartPolicy": {"Name": "unless-stopped"},
        "Mounts": [
            *(_own_volume(path, plan.cluster_id) for path in DATA_DIRECTORIES if path not in users.targets),
            {"Type": "volume", "Source": layout.serve_volume, "Target": INSTALL_DIR, "ReadOnly": True},
            *users.mounts,
        ],
        **_cgroup_binds(settings, users.binds),
        **_published(settings, ref),
    }
    driver = [f"{STORAGE_DRIVER_VARIABLE}={layout.storage_driver}"] if _is_told(layout, settings, users) else []
    return {
        "Image": layout.image,
        "Hostname": dns_name(ref.host_name(plan.cluster_id, settings.name_prefix)),
        "Tty": True,  # a console, on which systemd tells how the start goes
        "Env": [*node_environment(settings, layout), *driver],
        "Labels": node_labels,
        **({"Cmd": init} if (init := init_of(settings)) else {}),
        **({"ExposedPorts": {port: {} for port in host["PortBindings"]}} if "PortBindings" in host else {}),
        **_in_network(host, layout.network_id, address),
    }


def _is_told(layout: Layout, settings: Settings, users: Mounts) -> bool:
    """Whether Docker on a node is told its driver: on a user's disk, of which nobody has told, it looks for itself."""
    is_chosen = settings.storage_driver not in (None, DockerStorageDriver.AUTO)
    return bool(layout.storage_driver) and (is_chosen or DOCKER_DIRECTORY not in users.targets)


def _cgroup_binds(settings: Settings, binds: tuple[str, ...]) -> dict[str, Any]:
    """Return the binds, and with them how the node sees the engine's control groups."""
    if not settings.mount_sys_fs_cgroup:
        return {"Binds": list(binds)} if binds else {}
    # The host's tree makes sense only to who is not in a namespace of his own.
    return {"Binds": [*binds, "/sys/fs/cgroup:/sys/fs/cgroup:ro"], "CgroupnsMode": "host"}


def _published(settings: Settings, ref: NodeRef) -> dict[str, Any]:
    """Return the ports of a node that are published on the engine's host."""
    ports = settings.ports_of(ref)
    return {"PortBindings": dict(ports)} if ports else {}


def start_bootstrap(
    engine: Engine, cluster_id: str, layout: Layout, *, cache_volume: str, cache_labels: dict[str, str]
) -> str:
    """Start the bootstrap node, Docker on the installer's cache; return its container's id."""
    host = {
        **_systemd_host_config(nofile_limit(engine)),
        # The configuration may have secrets: it is on no disk, and gone with the container however that ends.
        "Tmpfs": {**TMPFS, f"{WORK_DIR}/genconf": "exec,mode=0700"},
        "Mounts": [
            {
                "Type": "volume",
                "Source": cache_volume,
                "Target": CACHE_DIR,
                # If a create that failed has just removed it, the engine makes it anew, and ours it must be.
                "VolumeOptions": {"Labels": cache_labels},
            },
            {"Type": "volume", "Source": layout.serve_volume, "Target": f"{WORK_DIR}/genconf/serve"},
        ],
    }
    config = {
        "Image": layout.image,
        "Cmd": ["/usr/local/sbin/dcos-docker-bootstrap"],
        "Env": proxy_environment(layout.hosts),
        "Labels": labels.common(Kind.BOOTSTRAP, cluster_id),
        **_in_network(host, layout.network_id, layout.bootstrap_address),
    }
    return _create_and_start(engine, container_name(Kind.BOOTSTRAP, cluster_id), config)


def proxy_environment(hosts: tuple[str, ...]) -> list[str]:
    """Return the proxy variables of this process for a node, with the cluster exempted from them."""
    found = {key: os.environ[key] for name in ("http_proxy", "https_proxy") for key in (name, name.upper())
             if os.environ.get(key)}  # fmt: skip
    if not found:
        return []
    names = [part for host in hosts for part in host.split(":")]
    present = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    exempt = ",".join([*([present] if present else []), "127.0.0.1", "localhost", *names])
    return [f"{key}={value}" for key, value in {**found, "no_proxy": exempt, "NO_PROXY": exempt}.items()]


def node_environment(settings: Settings, layout: Layout) -> list[str]:
    """Return the variables of a node: our proxies, and what users give, which wins."""
    ours = dict(variable.split("=", 1) for variable in proxy_environment(layout.hosts))
    return [f"{key}={value}" for key, value in {**ours, **settings.environment}.items()]


def nofile_limit(engine: Engine) -> int:
    """Return the number of open files to ask for: no more than the engine itself may have, where we can see that."""
    if not engine.where.is_local:
        return NOFILE
    try:
        pid = ENGINE_PID_FILE.read_text(encoding="ascii").strip()
        lines = Path(f"/proc/{pid}/limits").read_text(encoding="ascii").splitlines()
    except OSError:
        return NOFILE
    hard = next((line.split()[4] for line in lines if line.startswith("Max open files")), "unlimited")
    return min(NOFILE, int(hard)) if hard.isdigit() else NOFILE


def console(engine: Engine, container: str, lines: int = 30) -> list[str]:
    """Return the end of what a node wrote on its console, each line once: the engine restarts one whose init ends."""
    try:
        text: bytes = engine.logs(container, tail=lines)
    except EngineError:
        return []
    written = ESCAPES.sub("", text.decode(errors="replace")).splitlines()
    return list(dict.fromkeys(line for line in written if line.strip()))


def _create_and_start(engine: Engine, name: str, config: dict[str, Any]) -> str:
    """Start a new container; when that fails or is interrupted there is none, and nothing holds its volumes."""
    if engine.refuses_limits.is_set():
        config = _without_limits(config)
    container = create(engine, name, config)
    try:
        engine.start(container)
    except BaseException as error:
        if not (isinstance(error, EngineError) and "rlimit" in error.message and config["HostConfig"]["Ulimits"]):
            remove_after_failure(engine, container, error)
            raise
    else:
        return container
    with telling_what_is_left(engine):
        remove_container(engine, container)  # or its name is taken
    # The engine may not give so many open files: its own limit must do, for the nodes that follow too.
    engine.refuses_limits.set()
    return _create_and_start(engine, name, _without_limits(config))


def _without_limits(config: dict[str, Any]) -> dict[str, Any]:
    return {**config, "HostConfig": {**config["HostConfig"], "Ulimits": []}}


def _start_failure(engine: Engine, container: str, message: str) -> NodeStartError:
    units: list[str] = []
    with suppress(DcosDockerError):
        # Docker that is started again and again has not failed at every moment.
        units = failed_units(DockerExec(engine, container), ["docker.service"])
    return NodeStartError(
        message,
        hint="`create --keep-on-failure` leaves the node there for a look.",
        details=[*console(engine, container), *units],
    )


def _cluster_labels(kind: Kind, plan: ClusterPlan, settings: Settings) -> dict[str, str]:
    return {
        **labels.common(kind, plan.cluster_id),
        labels.DISTRIBUTION_KEY: settings.distribution.value,
        labels.DOCKER_VERSION_KEY: settings.docker_version.value,
        labels.TRANSPORT_KEY: settings.transport.value,
        **({labels.VARIANT_KEY: plan.variant.value} if plan.variant else {}),
    }


def _systemd_host_config(nofile: int, taken: Collection[str] = ()) -> dict[str, Any]:
    return {
        "Privileged": True,
        "SecurityOpt": ["seccomp=unconfined", "apparmor=unconfined"],
        "CgroupnsMode": "private",
        "Init": False,  # an engine may default to putting an init before ours
        "Tmpfs": {path: options for path, options in TMPFS.items() if path not in taken},
        "Ulimits": [{"Name": "nofile", "Soft": nofile, "Hard": nofile}],
    }


def _own_volume(path: str, cluster_id: str) -> dict[str, Any]:
    """Return the mount of a volume without a name, which the engine makes, and removes, with the container."""
    return {
        "Type": "volume",
        "Target": path,
        "VolumeOptions": {"Labels": labels.common(Kind.VOLUME, cluster_id)},
    }


def _in_network(host: dict[str, Any], network_id: str, address: str) -> dict[str, Any]:
    fixed = {"IPv4Address": address} if address else {}
    return {
        "HostConfig": {**host, "NetworkMode": network_id},
        "NetworkingConfig": {"EndpointsConfig": {network_id: {"IPAMConfig": fixed}}},
    }
