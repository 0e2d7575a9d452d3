#!/bin/sh
# The programs of this package, each by the name of a link to this file, or by that of the script of
# adfinis' image that it takes the place of. Node raises the soft limit of open files before any script
# of ours runs, so it is noted first, for src/server/launch.ts to set again. A program that is started
# by another one of these keeps the first note.
# PID 1 ignores what it has no handler for.
trap 'exit 143' TERM
# shellcheck disable=SC3045 # dash, busybox and bash all have -S
: "${GALERA_PEERS_NOFILE:=$(ulimit -S -n)}"
export GALERA_PEERS_NOFILE
home=/usr/lib/galera-peers
program=${0##*/}
program=${program%.sh}
if [ "$program" = container-entrypoint ]; then
  program=galera-peers
  set -- run -- "$@"
fi
exec "$home/node" "$home/bin/$program.js" "$@"
