"""What is inside a sample installer. ``genconf`` runs in its image, ``dcos_sample`` on the nodes; neither is used here.

Both run on the bundled Python with nothing but the standard library (and PyYAML, for ``genconf``).
"""
