"""``dcos_add_user.py EMAIL``, as on open DC/OS.

The user has no password, and there is no identity provider here, so this one cannot log in. PUT one with a password
to the identity service for that.
"""

from __future__ import annotations

import sys

from . import iam, web


def main() -> int:
    """Run the program."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: dcos_add_user.py EMAIL\n")
        return 2
    uid = sys.argv[1]
    try:
        answer = web.call("127.0.0.1", iam.PORT, f"/acs/api/v1/users/{uid}", method="PUT", body=b"{}")
    except OSError as exception:
        sys.stderr.write(f"The identity service does not answer: {exception}\n")
        return 1
    said = {201: f"[INFO] Created IAM user `{uid}`\n", 409: f"[INFO] IAM user `{uid}` already exists\n"}
    sys.stdout.write(said.get(answer.status, answer.body.decode()))
    return 0 if answer.status in said else 1


if __name__ == "__main__":
    sys.exit(main())
