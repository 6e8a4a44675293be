"""Runs in the sample installer's image: checks ``/genconf/config.yaml`` and writes ``/genconf/serve``."""
