"""The commands in their groups, each with its line in the program's help, which so needs to load none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

GROUPS: Mapping[str, Mapping[str, str]] = {
    "Clusters": {
        "create": "Create a cluster with DC/OS on it",
        "provision": "Create the nodes of a cluster, without DC/OS",
        "install": "Install DC/OS on the nodes of a cluster",
        "upgrade": "Upgrade DC/OS on a cluster",
        "wait": "Wait until DC/OS is ready",
        "status": "Show how the nodes are, and DC/OS on them",
        "list": "List the clusters",
        "inspect": "Show a cluster and its nodes",
        "web": "Print the address of the web page, or open it",
        "destroy": "Remove a cluster",
        "destroy-list": "Remove several clusters",
    },
    "Nodes": {
        "run": "Run a command on nodes",
        "shell": "Open a shell on a node",
        "ssh": "Log in to a node by SSH",
        "ssh-config": "Print a block for ~/.ssh/config",
        "destroy-node": "Remove nodes of a cluster",
    },
    "Files": {
        "send-file": "Send files to nodes",
        "download-file": "Fetch files from nodes",
        "sync": "Put a checkout of DC/OS on the masters",
    },
    "Installers": {
        "download-installer": "Download a DC/OS installer",
        "sample-installer": "Write a small stand-in for a DC/OS installer",
    },
    "Engine": {
        "image": "Build, list, export, import and remove node images",
        "doctor": "Check whether clusters can run on the engine",
        "clean": "Remove what creates have left that were killed",
        "create-loopback-sidecar": "Make a disk for tests",
        "list-loopback-sidecars": "List the disks for tests",
        "destroy-loopback-sidecar": "Remove disks for tests",
    },
    "Other": {
        "completion": "Print a completion script for a shell",
        "version": "Show the versions of the program and the engine",
    },
}
IMAGE_GROUPS: Mapping[str, Mapping[str, str]] = {
    "Commands": {
        "build": "Build the image of a distribution and a Docker",
        "list": "List the node images that the engine has",
        "export": "Write a node image to a file",
        "import": "Read a node image from a file",
        "remove": "Remove node images",
    },
}
