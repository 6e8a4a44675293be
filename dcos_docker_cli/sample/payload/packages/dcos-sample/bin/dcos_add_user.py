#!/opt/mesosphere/bin/python3
"""Add a user; callable without the environment, and through any Python of the node."""

import sys

sys.path.insert(0, "/opt/mesosphere/lib/python3.11/site-packages")

from dcos_sample.add_user import main  # type: ignore[import-not-found]

sys.exit(main())
