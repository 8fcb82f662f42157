# Where things are. Source it: `. scripts/env.sh`. Sets and exports:
#   JETTY_ROOT          this clone
#   JETTY_STATE         everything the scripts write (git ignores it): .jetty
#   JETTY_STACK         the directory of one local stack: its logs, keys, objects (default: .jetty itself)
#   JETTY_VENV          the Python virtual environment that `make install` fills
#   JETTY_TEST_PYTHON   its interpreter
#   JETTY_PG_BIN        PostgreSQL's programs (initdb, postgres, psql)
#   JETTY_PG_BASE       a directory for PostgreSQL data that the server's user can enter
#   JETTY_PG_USER       who the server runs as; empty where that is the caller
#   JETTY_REDIS_SERVER  the Redis server
#   JETTY_RCLONE        rclone
# shellcheck shell=bash

JETTY_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
JETTY_STATE=$JETTY_ROOT/.jetty

# Two clones of one machine must not meet: what lies outside the clone is named after the clone's path.
JETTY_CLONE_ID=$(printf '%s' "$JETTY_ROOT" | sha256sum | cut -c1-12)

# PostgreSQL refuses to run as root, and another user cannot enter a clone in root's home. So as root its programs
# and its data live where that user can read, and it runs as a system user of its own.
if [[ $(id -u) == 0 ]]; then
  JETTY_PG_USER=jetty-dev
  JETTY_PG_BASE=/var/lib/jetty-dev/$JETTY_CLONE_ID
  # Shared by clones that need the same packages.
  JETTY_VENV=/var/lib/jetty-dev/venv-$(sha256sum "$JETTY_ROOT/scripts/requirements.txt" | cut -c1-12)
else
  JETTY_PG_USER=
  JETTY_PG_BASE=$JETTY_STATE/postgres
  JETTY_VENV=$JETTY_STATE/venv
fi

JETTY_TEST_PYTHON=$JETTY_VENV/bin/python
JETTY_PG_BIN=$JETTY_VENV/pg/bin
JETTY_RCLONE=$JETTY_VENV/bin/rclone
# Debian's redis-tools carries the server too, without the system service of package redis-server: the program is a
# server when it is called by that name.
JETTY_REDIS_SERVER=$JETTY_VENV/bin/redis-server

export JETTY_ROOT JETTY_STATE JETTY_CLONE_ID JETTY_PG_USER JETTY_PG_BASE JETTY_VENV JETTY_TEST_PYTHON JETTY_PG_BIN
export JETTY_RCLONE JETTY_REDIS_SERVER

# One local stack keeps everything here; another stack of the same clone sets another directory.
: "${JETTY_STACK:=$JETTY_STATE}"
export JETTY_STACK
