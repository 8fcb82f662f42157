#!/usr/bin/env bash
# Attacks an RPC server and an HTTP server, each in a process of its own with its defaults, and prints what came of it. Release build.
#   attack.sh SECONDS [NAME]    SECONDS for each attack; NAME: only attacks whose name contains it, `A|B` for one of them
# Fails if an attacker's connection outlasts its time, memory grows by more than 64 MiB, or a well-behaved client keeps less than 70 %.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/build.sh --product attack
# The servers on the first processor (Tests/AttackRunner/Processors.swift), attackers and clients on the second.
pinned=()
if (($(nproc --all) > 1)) && command -v taskset > /dev/null; then pinned=(taskset -c 1); fi
exec "${pinned[@]}" .build/release/attack run "$@"
