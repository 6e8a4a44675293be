"""Create a cluster with DC/OS from an installer."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from dcos_docker_cli.backends.docker.transaction import reserved
from dcos_docker_cli.concurrency import together
from dcos_docker_cli.dcos.bootstrap import installer_on
from dcos_docker_cli.dcos.config import Configuration, config
from dcos_docker_cli.dcos.install import install
from dcos_docker_cli.lifecycle.wait import wait_for_cluster

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.backends.docker.layout import Layout
    from dcos_docker_cli.dcos.installer import Installer
    from dcos_docker_cli.lifecycle.wait import Wait
    from dcos_docker_cli.model import ClusterInfo, ClusterPlan, DCOSVariant
    from dcos_docker_cli.progress import Progress


def create(
    host: DockerHost,
    plan: ClusterPlan,
    installer: Installer,
    *,
    extra_config: Mapping[str, Any],
    progress: Progress,
    wait: Wait | None = None,
    keep_on_failure: bool = False,
) -> ClusterInfo:
    """Create a cluster and install DC/OS on its nodes; return it, with `wait` when DC/OS is ready.

    The installer runs while the nodes boot, for it needs no more than their addresses.
    """
    plan.check_for_dcos()
    plan = dataclasses.replace(plan, variant=plan.variant or installer.variant)

    def generate(plan: ClusterPlan, layout: Layout) -> DCOSVariant:
        with (
            host.bootstrap_node(plan.cluster_id, layout, installer.digest()) as node,
            installer_on(node, installer, progress) as genconf,
        ):
            variant = plan.variant or genconf.ask_variant()
            genconf.generate(Configuration(config(plan.cluster_id, layout.by_role(), variant, extra_config)))
        return variant

    with reserved(host, plan, progress, keep_on_failure=keep_on_failure):
        layout = host.lay_out(plan)
        with progress.step(f"Starting {len(plan.refs)} nodes, and configuring DC/OS"):
            if plan.variant is None:  # the nodes' labels are to tell it, so the installer is asked first
                plan = dataclasses.replace(plan, variant=generate(plan, layout))
                host.start_nodes(plan, layout)
            else:
                together([lambda: generate(plan, layout), lambda: host.start_nodes(plan, layout)], host.cancellation)
        with progress.step(f"Installing DC/OS on {len(plan.refs)} nodes"):
            install(host.members(host.cluster(plan.cluster_id)), host.cancellation, progress)
        if wait:
            wait_for_cluster(host, plan.cluster_id, progress, wait)
    with host.cancellation.shielded():  # it is there now
        return host.cluster(plan.cluster_id)
