"""`python -m dcos_docker_cli` is `dcos-docker`."""

from dcos_docker_cli.cli.main import main

if __name__ == "__main__":
    main()
