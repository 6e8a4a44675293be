"""What holds where users choose nothing else. It imports nothing, for every `--help` says some of it."""

from __future__ import annotations

DEFAULT_SUPERUSER = "bootstrapuser"
DEFAULT_PASSWORD = "deleteme"  # the installer's own default
DEFAULT_TIMEOUT = 3600.0
"""Seconds that DC/OS has to become ready."""
SECURITY_MODES = ("disabled", "permissive", "strict")
"""Of DC/OS Enterprise."""
