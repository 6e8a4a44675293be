"""What DC/OS asks of a tool that installs it: its installer, its configuration, and when it is ready."""
