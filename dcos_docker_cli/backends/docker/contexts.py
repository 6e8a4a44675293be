"""Docker contexts, as the docker command keeps them in its configuration directory.

docker-py's own reader looks in the working directory when there is no `config.json`, as on a machine on which contexts
are chosen with DOCKER_CONTEXT alone.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from dcos_docker_cli.exceptions import UsageError

DEFAULT = "default"


@dataclass(frozen=True)
class Context:
    """A context's engine. `certificates` is a directory with ca.pem, cert.pem and key.pem, or None without TLS."""

    name: str
    host: str
    verify: bool
    certificates: Path | None


def context_in_use() -> Context | None:
    """Return the context that the docker command would use; None for its built-in default.

    Raises `UsageError` for one that does not exist or cannot be read.
    """
    directory = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    name = os.environ.get("DOCKER_CONTEXT") or _configured(directory / "config.json")
    return None if name in ("", DEFAULT) else _read(directory / "contexts", name)


def _configured(config: Path) -> str:
    try:
        return str(json.loads(config.read_text(encoding="utf-8")).get("currentContext", ""))
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise UsageError(f"Docker's configuration {config} cannot be read: {error}") from error


def _read(contexts: Path, name: str) -> Context:
    key = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()
    try:
        endpoint = json.loads((contexts / "meta" / key / "meta.json").read_text(encoding="utf-8"))["Endpoints"][
            "docker"
        ]
    except FileNotFoundError:
        raise UsageError(f'There is no docker context "{name}".', hint="See what there is: docker context ls") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(f'The docker context "{name}" cannot be read: {error!r}') from error
    if not isinstance(endpoint, dict) or not isinstance(endpoint.get("Host", ""), str):
        raise UsageError(f'The docker context "{name}" does not tell where its engine is.')
    certificates = contexts / "tls" / key / "docker"
    return Context(
        name=name,
        host=endpoint.get("Host", ""),
        verify=not endpoint.get("SkipTLSVerify", False),
        certificates=certificates if certificates.is_dir() else None,
    )
