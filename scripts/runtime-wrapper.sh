#!/bin/sh
# runc for a machine that lacks capabilities itself: there runc cannot give them to a privileged container and
# refuses to start it. This takes them from what the container or the exec asks for, and runs runc.
# It runs at every start and exec, so it is sh and one sed; everything else passes straight through.
# @MISSING@ and @RUNC@ are filled in by engine.py.
missing="@MISSING@"

strip() {
    script=
    for capability in $missing; do
        script="$script;:a$capability;s/\\(\"capabilities\":{[^}]*\\),\"$capability\"/\\1/;ta$capability"
        script="$script;s/\\(\"capabilities\":{[^}]*\\)\"$capability\",\\{0,1\\}/\\1/;ta$capability"
    done
    sed -i "$script" "$1"
}

bundle=. process= command= previous=
for argument in "$@"; do
    case "$previous" in
        --bundle|-b) bundle=$argument ;;
        --process|-p) process=$argument ;;
    esac
    case "$argument" in
        create|run|exec) [ -n "$command" ] || command=$argument ;;
        --bundle=*) bundle=${argument#*=} ;;
        --process=*) process=${argument#*=} ;;
    esac
    previous=$argument
done
case "$command" in
    create|run) strip "$bundle/config.json" ;;
    exec) [ -z "$process" ] || strip "$process" ;;
esac
exec @RUNC@ "$@"
