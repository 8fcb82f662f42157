#!/usr/bin/env bash
# Builds every product for use. The one place that knows the release flags.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Generics of the lower modules are specialised in the modules above; exclusivity of access is checked at run time in
# debug builds only, in which every test runs.
exec swift build --configuration release -Xswiftc -cross-module-optimization -Xswiftc -enforce-exclusivity=unchecked "$@"
