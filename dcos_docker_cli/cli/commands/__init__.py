"""One module for each command; its `command` is what `dcos_docker_cli.cli.main` lists."""
