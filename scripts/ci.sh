#!/usr/bin/env bash
# What CI runs. Each step must pass before the next.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
for step in install lint check-generated build test drilltest k8s-validate webtest; do
  printf '\n== make %s\n' "$step"
  make "$step" </dev/null
done
