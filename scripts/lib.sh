# Words that the other scripts share. Sourced, never run.
# shellcheck shell=bash

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
die() { warn "error: $*"; exit 1; }

# retry_until SECONDS COMMAND...: runs the command every 0.1 s until it succeeds. Fails after SECONDS.
retry_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || return 1
    sleep 0.1
  done
}

# A secret that needs no quoting in a URL, a shell or a configuration file: 32 random bytes in hexadecimal.
random_secret() { openssl rand -hex 32; }

# with_lock FILE COMMAND...: one process of this machine at a time. The lock is not inherited by what COMMAND starts
# in the background: such a command must close descriptor 9 itself (9>&-).
with_lock() {
  local file=$1
  shift
  (
    flock 9
    "$@"
  ) 9>"$file"
}

# started_at PID: when the process began, in clock ticks since boot. With it a process id names one process for ever;
# fails where there is none (or only its zombie).
started_at() {
  local stat
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  stat=${stat##*) } # the name in parentheses may hold blanks
  [[ $stat != Z* ]] || return 1
  # shellcheck disable=SC2086
  set -- $stat
  printf '%s' "${20}"
}

# stop_with PID SIGNAL: in the background, sends SIGNAL to this very process (also after an exec) once PID has ended.
stop_with() {
  local watched=$1 signal=$2 watched_start self=$BASHPID self_start
  watched_start=$(started_at "$watched") || die "no process $watched"
  self_start=$(started_at "$self")
  (
    while [[ $(started_at "$watched") == "$watched_start" ]]; do
      [[ $(started_at "$self") == "$self_start" ]] || exit 0
      sleep 1
    done
    [[ $(started_at "$self") != "$self_start" ]] || kill -s "$signal" "$self"
  ) </dev/null >/dev/null 2>&1 &
}
