"""All checks of an engine, in the order in which they are shown. An id is never given to another check."""

from __future__ import annotations

from dcos_docker_cli.doctor.checks import client, engine, host, network
from dcos_docker_cli.doctor.finding import Category, Check

CHECKS = (
    Check("DD001", "engine", Category.ENGINE, engine.answers),
    Check("DD035", "product", Category.ENGINE, engine.product),
    Check("DD025", "platform", Category.ENGINE, engine.platform),
    Check("DD026", "packaging", Category.ENGINE, engine.packaging),
    Check("DD027", "complaints", Category.ENGINE, engine.complaints),
    Check("DD002", "cgroups", Category.ENGINE, engine.cgroups),
    Check("DD003", "docker", Category.ENGINE, engine.docker_in_nodes),
    Check("DD004", "storage-driver", Category.ENGINE, engine.storage_driver),
    Check("DD005", "memory", Category.ENGINE, engine.memory),
    Check("DD028", "limits", Category.ENGINE, engine.limits),
    Check("DD006", "security", Category.ENGINE, engine.security),
    Check("DD007", "node-image", Category.ENGINE, engine.node_image_there),
    Check("DD008", "leftovers", Category.ENGINE, engine.leftovers),
    Check("DD034", "volumes", Category.ENGINE, engine.volumes),
    Check("DD029", "free-memory", Category.HOST, host.free_memory),
    Check("DD009", "disk", Category.HOST, host.disk),
    Check("DD010", "inodes", Category.HOST, host.inodes),
    Check("DD011", "inotify", Category.HOST, host.inotify),
    Check("DD012", "open-files", Category.HOST, host.open_files),
    Check("DD013", "threads", Category.HOST, host.threads),
    Check("DD030", "cgroup-roots", Category.HOST, host.cgroup_roots),
    Check("DD014", "selinux", Category.HOST, host.selinux),
    Check("DD015", "apparmor", Category.HOST, host.apparmor),
    Check("DD016", "subnets", Category.NETWORK, network.subnets),
    Check("DD031", "overlaps", Category.NETWORK, network.overlaps),
    Check("DD017", "ports", Category.NETWORK, network.ports),
    Check("DD018", "open-ports", Category.NETWORK, network.open_ports),
    Check("DD019", "addresses", Category.NETWORK, network.addresses),
    Check("DD020", "forwarding", Category.NETWORK, network.forwarding),
    Check("DD032", "resolver", Category.NETWORK, network.resolver),
    Check("DD021", "clock", Category.CLIENT, client.clock),
    Check("DD022", "place", Category.CLIENT, client.where),
    Check("DD023", "proxies", Category.CLIENT, client.proxies),
    Check("DD033", "no-proxy", Category.CLIENT, client.exempt),
    Check("DD024", "installer", Category.CLIENT, client.installer),
)
