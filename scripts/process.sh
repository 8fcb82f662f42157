# Starting, finding and stopping processes by pid file. Sourced; needs lib.sh and $JETTY_STACK.
# A pid file holds the process id and its start time, so that a process that merely got the same id is never signalled.
# shellcheck shell=bash

pid_file() { printf '%s/run/%s.pid' "$JETTY_STACK" "$1"; }
log_file() { printf '%s/log/%s.log' "$JETTY_STACK" "$1"; }

# running_pid NAME: the process id, if that very process runs.
running_pid() {
  local pid start
  { read -r pid start <"$(pid_file "$1")"; } 2>/dev/null || return 1
  [[ -n $pid && $(started_at "$pid") == "$start" ]] || return 1
  printf '%s' "$pid"
}

is_running() { running_pid "$1" >/dev/null; }

# note_pid NAME PID
note_pid() { printf '%s %s\n' "$2" "$(started_at "$2")" >"$(pid_file "$1")"; }

# start_process NAME COMMAND...: in the background, in a session of its own (a Ctrl-C at the terminal reaches the
# supervisor only, which stops things in order), output to its log, ended by the kernel should the supervisor be killed.
start_process() {
  local name=$1
  shift
  setsid setpriv --pdeathsig TERM -- "$@" </dev/null >>"$(log_file "$name")" 2>&1 9>&- &
  note_pid "$name" $!
  disown # a part that dies is reported by the supervisor, not by the shell
}

# signal_process NAME SIGNAL: nothing if it does not run.
signal_process() {
  local pid
  pid=$(running_pid "$1") || return 0
  kill -s "$2" "$pid" 2>/dev/null || true
}

# stop_processes SECONDS NAME...: asks all at once, waits, then kills what is left.
stop_processes() {
  local deadline=$((SECONDS + $1)) name left
  shift
  for name in "$@"; do
    signal_process "$name" "$(stop_signal "$name")"
  done
  while :; do
    left=()
    for name in "$@"; do
      if is_running "$name"; then left+=("$name"); else rm -f "$(pid_file "$name")"; fi
    done
    ((${#left[@]})) || return 0
    if ((SECONDS >= deadline)) || [[ -n ${STOP_NOW:-} ]]; then
      warn "killing ${left[*]}: still running"
      for name in "${left[@]}"; do signal_process "$name" KILL; done
      deadline=$((SECONDS + 5))
    fi
    sleep 0.1
  done
}

# PostgreSQL's polite SIGTERM waits for its clients for ever; SIGINT sends them away.
stop_signal() { if [[ $1 == postgres ]]; then printf INT; else printf TERM; fi; }
