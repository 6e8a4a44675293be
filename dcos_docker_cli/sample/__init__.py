"""A small file of the kind of DC/OS' installers, to try everything without a download. It is a stand-in, not DC/OS."""
