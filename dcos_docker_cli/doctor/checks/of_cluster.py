"""The checks of a cluster that is there, with their ids, in the order in which they are shown."""

from __future__ import annotations

from dcos_docker_cli.doctor.checks import cluster, components, nodes
from dcos_docker_cli.doctor.finding import Category, ClusterCheck

CLUSTER = Category.CLUSTER
CLUSTER_CHECKS = (
    ClusterCheck("DD101", "nodes", CLUSTER, cluster.nodes_run, "All nodes run.", inside=False),
    ClusterCheck("DD102", "removed-nodes", CLUSTER, cluster.removed, "No node has been removed.", inside=False),
    ClusterCheck("DD103", "node-networks", CLUSTER, cluster.networks, "All nodes are in their network.", inside=False),
    ClusterCheck(
        "DD104", "node-addresses", CLUSTER, cluster.addresses, "No node has another address than before.", inside=False
    ),
    ClusterCheck("DD105", "node-volumes", CLUSTER, cluster.volumes, "All nodes have their volumes.", inside=False),
    ClusterCheck(
        "DD106",
        "answers",
        CLUSTER,
        nodes.answers,
        "All nodes that run answer, and systemd is up on them.",
        inside=False,
    ),
    ClusterCheck("DD107", "node-disks", CLUSTER, nodes.disks, "There is room on all disks of nodes."),
    ClusterCheck("DD108", "units", CLUSTER, nodes.units, "No unit of systemd has failed on a node."),
    ClusterCheck("DD109", "node-docker", CLUSTER, nodes.docker, "Docker on nodes answers, with the driver asked for."),
    ClusterCheck("DD110", "node-clocks", CLUSTER, nodes.clocks, "The clocks of nodes and engine agree."),
    ClusterCheck("DD111", "names", CLUSTER, nodes.names, "Nodes know each other's names, and their resolvers answer."),
    ClusterCheck("DD112", "reachability", CLUSTER, nodes.reachability, "Nodes reach each other."),
    ClusterCheck("DD113", "node-memory", CLUSTER, nodes.memory, "No node has been short of memory."),
    ClusterCheck("DD114", "components", CLUSTER, components.components, "All components of DC/OS are ready."),
    ClusterCheck("DD115", "dcos", CLUSTER, components.dcos, "DC/OS is on all nodes, and ready as a whole."),
)
