"""Create and manage DC/OS clusters whose nodes are containers on a Docker engine."""

__version__ = "0.5.0"
