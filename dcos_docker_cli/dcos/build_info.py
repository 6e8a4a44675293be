"""Which DC/OS is installed on a node."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dcos_docker_cli.exceptions import CommandError, DCOSNotInstalledError
from dcos_docker_cli.model import DCOSVariant
from dcos_docker_cli.transports.base import run

if TYPE_CHECKING:
    from dcos_docker_cli.dcos.member import Member

NOT_INSTALLED = 69
"""What our scripts on a node end with when it has no DC/OS."""
# Before DC/OS 1.12 the version does not tell the variant; Enterprise has a setting `security`.
READ = f"""
cd /opt/mesosphere/etc 2>/dev/null && test -e dcos-version.json || exit {NOT_INSTALLED}
cat dcos-version.json
echo
grep -o '"security" *:' expanded.config.full.json 2>/dev/null | head -n 1
exit 0
"""
VARIANTS = {"open": DCOSVariant.OSS, "enterprise": DCOSVariant.ENTERPRISE}


@dataclass(frozen=True)
class DCOSBuildInfo:
    """What a build of DC/OS is: its version as in `2.1.0`, the commit of its image, its variant."""

    version: str
    commit: str
    variant: DCOSVariant


def build_info(member: Member) -> DCOSBuildInfo:
    """Read it from a node; raise `DCOSNotInstalledError` when that has no DC/OS."""
    result = run(member.transport, ["sh", "-c", READ])
    if result.returncode == NOT_INSTALLED:
        raise DCOSNotInstalledError(f"DC/OS is not installed on {member.name}.")
    return parse(result.stdout.decode(errors="replace"))


def parse(text: str) -> DCOSBuildInfo:
    """Read dcos-version.json, and after it `"security"` when the configuration has that key."""
    try:
        content, end = json.JSONDecoder().raw_decode(text.lstrip())
        return DCOSBuildInfo(content["version"], content["dcos-image-commit"], _variant(content, text.lstrip()[end:]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CommandError(
            "The node's /opt/mesosphere/etc/dcos-version.json makes no sense.", details=[text[:200]]
        ) from error


def _variant(content: dict[str, Any], rest: str) -> DCOSVariant:
    if "dcos-variant" in content:
        return VARIANTS[content["dcos-variant"]]
    return DCOSVariant.ENTERPRISE if '"security"' in rest else DCOSVariant.OSS
