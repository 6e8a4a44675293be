"""What the engine tells of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcos_docker_cli.backends.docker import fit, storage
from dcos_docker_cli.backends.docker.facts import PODMAN
from dcos_docker_cli.backends.docker.images.descriptions import DESCRIPTIONS
from dcos_docker_cli.backends.docker.images.docker_builds import build_of
from dcos_docker_cli.backends.docker.images.recipe import node_image
from dcos_docker_cli.backends.docker.settings import Settings
from dcos_docker_cli.doctor.finding import Finding, Level, at_least, ok, skipped
from dcos_docker_cli.exceptions import EngineError, EngineUnreachableError, UsageError
from dcos_docker_cli.labels import SCHEMA_KEY, Kind, decode

if TYPE_CHECKING:
    from dcos_docker_cli.doctor.subject import Subject
    from dcos_docker_cli.model import ClusterPlan

GIB = 1 << 30
MASTER_MEMORY, AGENT_MEMORY = 2 * GIB, GIB
"""What real DC/OS takes on a node before any task runs. The sample installer takes a twentieth of it."""
DCOS_MACHINES = ("x86_64", "amd64")
LIMITS = {"MemoryLimit": "memory", "CpuCfsQuota": "CPU", "PidsLimit": "processes"}
"""What the engine's answer to `/info` calls them."""
OLDEST_PODMAN = 4
OF_OTHER_CHECKS = ("No memory limit", "No cpu cfs", "IPv4 forwarding", "No swap limit")
FEW = 3
"""How much of what is left over is named."""
NEWER = (
    "Use a newer dcos-docker, or have the engine take older clients: "
    "Environment=DOCKER_MIN_API_VERSION=1.44 in sudo systemctl edit docker, and restart it."
)
ON_V1 = "Boot the host with systemd.unified_cgroup_hierarchy=0 on the kernel command line."


def answers(subject: Subject) -> Finding:
    """Tell which engine answers, and which versions of the API it speaks."""
    try:
        facts = subject.facts
    except EngineError as error:
        if "version" in error.message and "too old" in error.message:  # an engine that is newer than what we speak
            return Finding(Level.ERROR, error.message, NEWER)
        raise
    return ok(
        f"{facts.product} {facts.version} answers at {facts.endpoint}, on {facts.operating_system}; "
        f"it speaks API {facts.oldest_api} to {facts.newest_api}, we {facts.api_version}."
    )


def product(subject: Subject) -> Finding:
    """Find an engine that is not Docker's, and behaves otherwise in places."""
    facts = subject.facts
    if facts.product != PODMAN:
        return ok("The engine is Docker's own.")
    major = facts.version.partition(".")[0]
    if major.isdigit() and int(major) < OLDEST_PODMAN:
        remedy = "Use Podman 4.3 or later, or Docker: DOCKER_HOST=unix:///var/run/docker.sock"
        return Finding(Level.WARNING, f"The engine is Podman {facts.version}, which was not tried.", remedy)
    return Finding(
        Level.NOTE,
        f"The engine is Podman {facts.version}, with which clusters were tried and work; nodes do not come back when "
        "its host was restarted, and not all is tried: see docs/engines.md.",
        "After a restart of the engine's host: podman start --all --filter label=dcos_docker.kind=node",
    )


def platform(subject: Subject) -> Finding:
    """Find an engine for which there is no DC/OS."""
    system, machine = subject.info.get("OSType", "linux"), subject.info.get("Architecture", DCOS_MACHINES[0])
    if system != "linux":
        remedy = "Use an engine with Linux containers: in Docker Desktop, Switch to Linux containers."
        return Finding(Level.ERROR, f"The engine runs containers of {system}.", remedy)
    if machine not in DCOS_MACHINES:
        remedy = "Use an engine on x86_64. The sample installer does not mind."
        return Finding(Level.WARNING, f"The engine's host is {machine}, and DC/OS is built for x86_64.", remedy)
    return ok(f"The engine's host is Linux {subject.info.get('KernelVersion', '')} on {machine}.")


def packaging(subject: Subject) -> Finding:
    """Find a Docker whose packaging confines it."""
    root = str(subject.info.get("DockerRootDir", ""))
    if root.startswith("/var/snap/"):
        remedy = "On the engine's host: sudo snap remove docker && sudo apt-get install docker.io"
        message = f"Docker is a snap ({root}): it is confined, and sees no path of the host but those below /home."
        return Finding(Level.WARNING, message, remedy)
    return ok("Docker is not confined by its packaging.")


def complaints(subject: Subject) -> Finding:
    """Pass on what the engine finds wrong with itself or its kernel."""
    found = [_sentence(warning) for warning in subject.info.get("Warnings") or ()]
    told = [line for line in found if not any(words in line for words in OF_OTHER_CHECKS)]
    if told:
        return Finding(Level.NOTE, f"The engine complains: {'; '.join(told)}.")
    return ok("The engine has no complaints of its own.")


def _sentence(warning: str) -> str:
    """Return a warning on one line, without what it ends with."""
    return " ".join(warning.split()).removeprefix("WARNING: ").rstrip(".")


def limits(subject: Subject) -> Finding:
    """Look whether the kernel limits memory, CPU and processes of containers, as Mesos does those of tasks."""
    lacking = [word for key, word in LIMITS.items() if subject.info.get(key) is False]
    if lacking:
        return Finding(
            Level.WARNING,
            f"The kernel of the engine's host sets no limits for {', '.join(lacking)}: Mesos' isolators of it fail.",
            "Boot the host with cgroup_enable=memory swapaccount=1 on the kernel command line, or with a kernel that "
            "has CONFIG_MEMCG, CONFIG_CFS_BANDWIDTH and CONFIG_CGROUP_PIDS.",
        )
    agents = subject.wanted.plan.agents + subject.wanted.plan.public_agents
    if agents < 2:
        return ok("The kernel limits memory, CPU and processes of containers.")
    has = f"{subject.info.get('NCPU', 0)} CPUs and {int(subject.info.get('MemTotal', 0)) / GIB:.1f} GiB"
    return Finding(
        Level.NOTE, f"Each of {agents} agents offers all of the host's {has} to Mesos, which so gives them out twice."
    )


def cgroups(subject: Subject) -> Finding:
    """Compare the host's cgroup version with what the nodes' systemd boots on, and with what Mesos wants."""
    settings = subject.wanted.settings
    version = fit.cgroup_version(subject.info)
    try:
        fit.check_boot(settings, version)
    except UsageError as error:
        return Finding(Level.ERROR, error.message, error.hint)
    name, systemd = settings.distribution.value, DESCRIPTIONS[settings.distribution].systemd
    if version == 2:
        return Finding(
            Level.WARNING,
            f"The engine's host has cgroup v2: systemd {systemd} of {name} boots, but Mesos' isolators for CPU and "
            "memory want v1.",
            ON_V1,
        )
    return ok(f"The engine's host has cgroup v{version}, on which systemd {systemd} of {name} boots.")


def docker_in_nodes(subject: Subject) -> Finding:
    """Compare the Docker of the nodes with the host's cgroup version."""
    settings = subject.wanted.settings
    try:
        fit.check_docker(settings, fit.cgroup_version(subject.info))
    except UsageError as error:
        return Finding(Level.ERROR, error.message, error.hint)
    number = build_of(settings.distribution, settings.docker_version).number
    return ok(f"Docker {number}, or what has the same limits, runs containers in nodes here.")


def storage_driver(subject: Subject) -> Finding:
    """Compare the nodes' storage driver with what the engine stands on."""
    settings = subject.wanted.settings
    ground = storage.Ground.of(subject.info)
    build = build_of(settings.distribution, settings.docker_version)
    try:
        storage.check_driver(ground, build, settings.storage_driver, own_disk=False, own_kernel=False)
    except UsageError as error:
        return Finding(Level.ERROR, error.message, error.hint)
    choice = storage.choose(ground, build, settings.storage_driver)
    on = f" on {ground.file_system}" if ground.file_system else ""
    message = f"The engine stores images with {ground.driver}{on}; nodes get {choice.driver}."
    if choice.driver == "vfs":
        remedy = "Have the engine's data root on ext4, or xfs with ftype=1: vfs copies every image whole."
        return Finding(Level.WARNING, message, remedy)
    return Finding(Level.NOTE, choice.note) if choice.note else ok(message)


def memory_of(plan: ClusterPlan) -> int:
    """Return how many bytes a cluster takes once DC/OS runs on it."""
    return plan.masters * MASTER_MEMORY + (plan.agents + plan.public_agents) * AGENT_MEMORY


def memory(subject: Subject) -> Finding:
    """Compare the engine's memory with what this cluster takes once DC/OS runs on it."""
    plan, total = subject.wanted.plan, int(subject.info.get("MemTotal", 0))
    wanted = memory_of(plan)
    message = (
        f"The engine's host has {total / GIB:.1f} GiB of memory and {subject.info.get('NCPU', 0)} CPUs; "
        f"DC/OS on {subject.wanted.size} takes some {wanted / GIB:.0f} GiB."
    )
    remedy = "Give the engine's (virtual) machine more memory, or make fewer nodes."
    return at_least(total, warning=wanted, error=wanted / 2, message=message, remedy=remedy)


def security(subject: Subject) -> Finding:
    """Find an engine whose privileged containers are not: rootless, or with its users mapped to others."""
    names = security_options(subject)
    if "rootless" in names:
        remedy = "Use an engine that runs as root: DOCKER_HOST=unix:///var/run/docker.sock"
        return Finding(Level.ERROR, "The engine is rootless: nodes need to be privileged for real.", remedy)
    if "userns" in names:
        remedy = 'Take "userns-remap" out of the engine\'s /etc/docker/daemon.json; sudo systemctl restart docker'
        return Finding(Level.ERROR, "The engine maps users (userns-remap): no container is privileged.", remedy)
    return ok(f"Containers can be privileged; security options are {', '.join(sorted(names)) or 'none'}.")


def security_options(subject: Subject) -> set[str]:
    """Return the names of what the engine uses to confine containers, from `name=seccomp,profile=default` and such."""
    options = subject.info.get("SecurityOptions") or ()
    return {part.partition("=")[2] for option in options for part in option.split(",") if part.startswith("name=")}


def node_image_there(subject: Subject) -> Finding:
    """Tell whether the first create has to build the node image."""
    settings = subject.wanted.settings
    tag = node_image(settings.distribution, settings.docker_version)
    if subject.has_image(tag):
        return ok(f"The node image {tag} is there.")
    remedy = "To have it built now: dcos-docker image build" + _of(settings)
    return Finding(Level.NOTE, f"The node image {tag} is built at the first create, out of packages.", remedy)


def _of(settings: Settings) -> str:
    """Return the options with which a command is about the same image."""
    plain = Settings()
    return "".join(
        f" {option} {value.value}"
        for option, value, usual in (
            ("--linux-distribution", settings.distribution, plain.distribution),
            ("--docker-version", settings.docker_version, plain.docker_version),
        )
        if value is not usual
    )


def volumes(subject: Subject) -> Finding:
    """Tell how much our volumes take, and find those that nobody uses."""
    try:
        found = [volume for volume in subject.disk_use.get("Volumes") or () if SCHEMA_KEY in (volume["Labels"] or {})]
    except EngineUnreachableError:
        if subject.refuses():
            raise
        return skipped("The engine takes long to add up what volumes have. It does for: docker system df -v")
    if not found:
        return ok("There are no volumes of ours.")
    sizes = {volume["Name"]: max(int(volume["UsageData"]["Size"]), 0) for volume in found}
    caches = [volume for volume in found if decode(volume["Labels"]).kind is Kind.CACHE]
    unused = [volume for volume in found if not volume["UsageData"]["RefCount"] and volume not in caches]
    kept = sum(sizes[volume["Name"]] for volume in caches) / GIB
    message = f"Our {len(found)} volumes have {sum(sizes.values()) / GIB:.1f} GiB, {kept:.1f} of it in caches."
    if not unused:
        return ok(message)
    lost = sum(sizes[volume["Name"]] for volume in unused) / GIB
    remedy = "dcos-docker clean --cache; what is left then: docker volume prune --filter label=" + SCHEMA_KEY
    return Finding(Level.NOTE, f"{message} {len(unused)} of them, with {lost:.1f} GiB, nobody uses.", remedy)


def leftovers(subject: Subject) -> Finding:
    """Find what creates have left that were killed."""
    found = subject.leftovers
    if not found:
        return ok("Nothing is left of creates that were killed.")
    few = ", ".join(found[:FEW]) + (", …" if len(found) > FEW else "")
    what = f"{len(found)} objects are" if len(found) > 1 else "one object is"
    return Finding(Level.WARNING, f"Of creates that were killed {what} left: {few}.", "dcos-docker clean")
