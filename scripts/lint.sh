#!/usr/bin/env bash
# Style and layers, as Tests/ArchitectureTests checks them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
for script in scripts/*.sh .ci/run; do
  bash -n "$script"
done
