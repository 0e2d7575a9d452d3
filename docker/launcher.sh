#!/bin/sh
# The programs of this package, each by the name of a link to this file. Node raises the soft limit
# of open files before any script of ours runs, so it is noted first, for src/server/launch.ts to set
# again. A program that is started by another one of these keeps the first note.
# shellcheck disable=SC3045 # dash, busybox and bash all have -S
: "${GALERA_PEERS_NOFILE:=$(ulimit -S -n)}"
export GALERA_PEERS_NOFILE
home=/usr/lib/galera-peers
exec "$home/node" "$home/bin/${0##*/}.js" "$@"
