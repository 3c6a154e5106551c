#!/bin/sh
# Runs workerd, which outlives a Node process that is killed: a watcher ends it then, and removes the run's folder.
self=$$
parent=$PPID
(
  exec </dev/null >/dev/null 2>&1 3>&-
  while kill -0 "$parent" && kill -0 "$self"; do sleep 1; done
  kill -9 "$self"
  kill -0 "$parent" || rm -rf -- "$ANNOY_EDGE_RUN_FOLDER"
) &
exec "$ANNOY_EDGE_WORKERD" "$@"
