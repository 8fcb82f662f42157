#!/usr/bin/env bash
# Renders every overlay and checks it offline: against the schemas of Kubernetes from 1.29 on, against our own rules
# (k8s/policy.py), and by starting every program as its manifest says (Tests/Kubernetes; that needs root).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/env.sh
. scripts/env.sh
command -v kubectl >/dev/null || die "no kubectl on the PATH (version 1.27 or newer, for kustomize 5)"

rendered=$JETTY_STATE/k8s
mkdir -p "$rendered"
newest=$("$JETTY_VENV/bin/kubernetes-validate" --version | cut -d. -f2)
for overlay in dev production; do
  file=$rendered/$overlay.yaml
  kubectl kustomize "k8s/overlays/$overlay" >"$file"
  for minor in $(seq 29 "$newest"); do
    # A kind without a schema is a warning and exit 0: to us it is a failure.
    if ! output=$("$JETTY_VENV/bin/kubernetes-validate" --strict --quiet -k "1.$minor" "$file" 2>&1) || [[ -n $output ]]; then
      die "$overlay against Kubernetes 1.$minor: $output"
    fi
  done
  "$JETTY_TEST_PYTHON" scripts/k8s/policy.py "$file"
  say "$overlay: $(grep -c '^kind:' "$file") objects are valid for Kubernetes 1.29 to 1.$newest"
done
"$JETTY_TEST_PYTHON" -m pytest -q Tests/Kubernetes
