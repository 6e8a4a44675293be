#!/bin/sh
# From an engine to a running cluster; run it with `make quickstart`.
set -eu
program=$1 installer=$2
mkdir -p "$(dirname "$installer")"
"$program" sample-installer "$installer" >/dev/null
# It says itself what is wrong with a cluster that is there but does not run.
"$program" inspect --output yaml 2>/dev/null | grep -q '^state: running$' || "$program" create "$installer" --agents 2 >/dev/null
"$program" wait --timeout 600
"$program" inspect --output table
cat <<END

A cluster of four nodes is up, with a stand-in for DC/OS on it. Its web page: $("$program" web)
Try:
  $program inspect
  $program run -- hostname
  $program run --node agent_1 -- systemctl is-system-running
  $program doctor
With a real installer: $program create dcos_generate_config.sh --cluster-id real
Remove it:
  $program destroy
END
