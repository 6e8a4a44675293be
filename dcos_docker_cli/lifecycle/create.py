"""Create a cluster with DC/OS from an installer."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcos_docker_cli.concurrency import together
from dcos_docker_cli.dcos.genconf import Genconf
from dcos_docker_cli.dcos.install import install
from dcos_docker_cli.dcos.ready import Login, wait_for_dcos
from dcos_docker_cli.lifecycle.transaction import reserved

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from dcos_docker_cli.backends.base import Backend, Layout
    from dcos_docker_cli.dcos.installer import Installer
    from dcos_docker_cli.model import ClusterInfo, ClusterPlan, DCOSVariant
    from dcos_docker_cli.progress import Progress


@dataclass(frozen=True)
class Wait:
    """How to wait for DC/OS; `timeout` is in seconds."""

    timeout: float
    login: Login


def create(
    backend: Backend,
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

    def generate(plan: ClusterPlan, layout: Layout[Any]) -> DCOSVariant:
        with backend.bootstrap_node(plan, layout, installer.digest()) as node:
            return Genconf(node, progress).run(plan, layout, installer, extra_config)

    with reserved(backend, plan, progress, keep_on_failure=keep_on_failure):
        layout = backend.lay_out(plan)
        with progress.step(f"Starting {len(plan.refs)} nodes, and configuring DC/OS"):
            if plan.variant is None:  # the nodes' labels are to tell it, so the installer is asked first
                plan = dataclasses.replace(plan, variant=generate(plan, layout))
                backend.start_nodes(plan, layout)
            else:
                together(
                    [lambda: generate(plan, layout), lambda: backend.start_nodes(plan, layout)], backend.cancellation
                )
        with progress.step(f"Installing DC/OS on {len(plan.refs)} nodes"):
            install(backend, backend.cluster(plan.cluster_id))
        if wait:
            wait_for_dcos(backend, backend.cluster(plan.cluster_id), progress, timeout=wait.timeout, login=wait.login)
    with backend.cancellation.shielded():  # it is there now
        return backend.cluster(plan.cluster_id)
