#!/usr/bin/env bash
# A CI job: a cluster of its own, tests on it, then what tests and nodes have to say is fetched, and nothing stays.
#
#   INSTALLER=dcos_generate_config.sh examples/ci.sh                    DC/OS' integration tests
#   INSTALLER=dcos_generate_config.sh examples/ci.sh pytest -k dns      a command of your own, on the first master
#
# It ends with the status of the tests. What they write to /root/results on the first master is fetched to ARTIFACTS, a
# directory. Every option of a command can come from a variable: DCOS_DOCKER_CREATE_AGENTS=3 makes three agents.
set -euo pipefail

INSTALLER=${INSTALLER:-dcos_generate_config.sh}
CONFIG=${CONFIG:-$(dirname "$0")/config.yaml}
ARTIFACTS=${ARTIFACTS:-artifacts}
CLUSTER_ID=${CLUSTER_ID:-ci-${CI_JOB_ID:-$$}}
export DCOS_DOCKER_CLUSTER_ID=$CLUSTER_ID # the --cluster-id of every command below

IN_USE=5 # what `create` ends with when there is such a cluster already

if (($# == 0)); then
    set -- pytest --junitxml=/root/results/junit.xml
fi

# A job that is cancelled gets a signal. bash heeds it only between commands, and `create` can take minutes: so that one
# runs in the background, and is told as well. What it was making it removes itself.
child=
attended() {
    local status=0
    "$@" &
    child=$!
    wait "$child" || status=$?
    child=
    return "$status"
}

stop() {
    if [[ $child ]]; then
        kill -TERM "$child" || true # it may have ended just now
        wait "$child" || true
    fi
    exit "$1"
}
trap 'stop 130' INT
trap 'stop 143' TERM

collect() {
    rm -rf "$ARTIFACTS/results"
    dcos-docker inspect >"$ARTIFACTS/cluster.json"
    dcos-docker status --output json >"$ARTIFACTS/status.json"
    dcos-docker download-file /root/results "$ARTIFACTS/results"
    for node in $(dcos-docker inspect --output yaml | sed -n 's/^- reference: //p'); do
        dcos-docker run --node "$node" --no-stdin -- journalctl --no-pager --unit 'dcos-*' >"$ARTIFACTS/$node.log"
    done
}

finish() {
    local status=$?
    trap - EXIT
    trap '' INT TERM # the cluster goes in any case
    set +e           # and one thing that cannot be fetched does not keep the others
    if dcos-docker list --output ids | grep -Fx -- "$CLUSTER_ID" >/dev/null; then
        collect
        dcos-docker destroy
    fi
    exit "$status"
}

mkdir -p "$ARTIFACTS"
trap finish EXIT
attended dcos-docker create "$INSTALLER" --extra-config "$CONFIG" || {
    status=$?
    ((status != IN_USE)) || trap - EXIT # it is somebody else's
    exit "$status"
}
attended dcos-docker wait --timeout 1200
dcos-docker run -- mkdir -p /root/results
attended dcos-docker run --test-env -- "$@"
