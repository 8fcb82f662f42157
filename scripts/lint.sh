#!/usr/bin/env bash
# Style of the project's own files: seconds, and nothing needs to be built. Layers: `swift test --filter ArchitectureTests`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec python3 scripts/lint.py
