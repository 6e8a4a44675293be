"""The engine, looked at without the program: what is there, and what carries a cluster's id."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from docker import APIClient
from docker.errors import APIError, NotFound

from dcos_docker_cli.backends.docker.engine import connect
from dcos_docker_cli.backends.docker.ssh_tunnel import forwarded_socket
from dcos_docker_cli.transports.base import run
from dcos_docker_cli.transports.docker_exec import DockerExec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


# Written out, for these are what other versions of the program read.
SCHEMA = "dcos_docker.schema"
KIND = "dcos_docker.kind"
CLUSTER_ID = "dcos_docker.cluster_id"
CREATOR = "dcos_docker.creator"


def objects(client: APIClient, *labels: str) -> list[str]:
    """Return all containers, networks and volumes with these labels, as `container NAME` and the like."""
    wanted = {"label": list(labels)}
    return sorted(
        [
            *(f"container {item['Names'][0][1:]}" for item in client.containers(all=True, filters=wanted)),
            *(f"network {item['Name']}" for item in client.networks(filters=wanted)),
            *(f"volume {item['Name']}" for item in client.volumes(filters=wanted)["Volumes"] or ()),
        ]
    )


def of_cluster(client: APIClient, cluster_id: str) -> list[str]:
    """Return all objects of a cluster."""
    return objects(client, f"{CLUSTER_ID}={cluster_id}")


def containers(client: APIClient, cluster_id: str, kind: str = "node") -> list[dict[str, Any]]:
    """Return the engine's listing of a cluster's containers of a kind."""
    wanted = [f"{CLUSTER_ID}={cluster_id}", f"{KIND}={kind}"]
    found: list[dict[str, Any]] = client.containers(all=True, filters={"label": wanted})
    return found


def names(client: APIClient, cluster_id: str) -> list[str]:
    """Return the names of a cluster's nodes."""
    return sorted(item["Names"][0][1:] for item in containers(client, cluster_id))


def volumes_of(client: APIClient, container: str) -> list[str]:
    """Return the names of the volumes that a container uses."""
    return [mount["Name"] for mount in client.inspect_container(container)["Mounts"] if mount["Type"] == "volume"]


def volume_exists(client: APIClient, name: str) -> bool:
    """Whether there is a volume of exactly this name."""
    try:
        client.inspect_volume(name)
    except NotFound:
        return False
    return True


def execute(client: APIClient, container: str, *args: str) -> str:
    """Run a command in a container; fail with its output when it does not end 0.

    Not with docker-py's own call, which loses output that comes in the same packet as the answer's head.
    """
    del client
    result = run(DockerExec(connect(), container), args)
    output = (result.stdout + result.stderr).decode(errors="replace")
    assert result.returncode == 0, f"{args} ended with {result.returncode} in {container}: {output}"
    return output


def restart(client: APIClient, containers: Iterable[str]) -> None:
    """Restart containers, all at the same time."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda container: client.restart(container, timeout=30), containers))


def remove(client: APIClient, found: Sequence[str]) -> None:
    """Remove what `objects` has returned; what has gone meanwhile is no error."""
    for item in found:
        what, _, name = item.partition(" ")
        try:
            if what == "container":
                client.remove_container(name, force=True, v=True)
            elif what == "network":
                client.remove_network(name)
            else:
                client.remove_volume(name)
        except NotFound:
            pass
        except APIError as error:
            if error.status_code != 409 or what != "container":  # somebody else is removing it
                raise


def of_run(client: APIClient, prefix: str) -> list[str]:
    """Return all objects whose cluster id begins with a prefix, or whose name has it."""

    def is_of_run(item: dict[str, Any], name: str) -> bool:
        return prefix in name or (item.get("Labels") or {}).get(CLUSTER_ID, "").startswith(prefix)

    found = [
        *((item, "container", item["Names"][0][1:]) for item in client.containers(all=True)),
        *((item, "network", item["Name"]) for item in client.networks()),
        *((item, "volume", item["Name"]) for item in client.volumes()["Volumes"] or ()),
    ]
    return [f"{what} {name}" for item, what, name in found if is_of_run(item, name)]


def plain_client() -> APIClient:
    """Return a client for the engine in use that has nothing of ours."""
    engine = connect()
    where = engine.where
    # docker-py's own SSH wants a package that the program does without.
    url = forwarded_socket(where.url) if where.url.startswith("ssh://") else where.url
    client = APIClient(base_url=url, tls=where.tls, version=engine.api_version, timeout=120)
    client.trust_env = False  # or REQUESTS_CA_BUNDLE would be taken for the engine's own authority
    return client
