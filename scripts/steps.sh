# Sourced by bootstrap.sh and test.sh: steps with one line for the reader and a log, a lock, system packages.

root="$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd -P)"
state="$root/.bae"
log="$state/bootstrap.log"
pnpm_version=12.21.0
step_limit_seconds=1800
lock_limit_seconds=3600

# Everything is said on stderr: stdout belongs to the program that is started afterwards.
say() { printf '%s\n' "$*" >&2; }
stop() {
  say "bae: $*"
  exit 1
}

# Descriptor 9 is our lock: a process that outlives its step must not keep it.
bounded() {
  if command -v timeout >/dev/null; then
    timeout --foreground -k 10 "$step_limit_seconds" "$@" </dev/null 9>&-
  else
    "$@" </dev/null 9>&-
  fi
}

# step TEXT COMMAND...
step() {
  say "$1…"
  printf '\n== %s\n' "$1" >>"$log"
  shift
  bounded "$@" >>"$log" 2>&1 || step_failed
}

step_failed() {
  say "bae: that failed. The end of $log:"
  tail -n 30 "$log" >&2
  exit 1
}

open_state() {
  mkdir -p "$state" 2>/dev/null && [ -w "$state" ] ||
    stop "this clone must be prepared first, but $state cannot be written by $(id -un)."
}

take_lock() {
  command -v flock >/dev/null || return 0
  exec 9>"$state/lock"
  flock -n 9 && return 0
  say 'Waiting for another run that prepares this clone…'
  flock -w "$lock_limit_seconds" 9 || stop "another run has been preparing this clone for an hour; see $log."
}

may_install() {
  command -v apt-get >/dev/null || return 1
  [ "$(id -u)" -eq 0 ] || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }
}

# install_packages PACKAGE...: only where may_install is true.
install_packages() {
  local as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
  step "Getting $* (apt)" ${as_root[@]+"${as_root[@]}"} bash "$root/scripts/apt-install.sh" "$@"
}

# npm and pnpm keep caches at home. Whoever has no home that can be written (a service user) gets one here.
choose_home() {
  if [ -z "${HOME:-}" ]; then
    HOME="$(getent passwd "$(id -u)" 2>/dev/null | cut -d: -f6 || true)"
  fi
  [ -n "$HOME" ] && [ -d "$HOME" ] && [ -w "$HOME" ] || HOME="$state/home"
  mkdir -p "$HOME"
  export HOME
}

# Puts the pnpm of this clone first in PATH, and keeps node-gyp from downloading headers that Node has brought.
use_tools() {
  export PATH="$state/tools/node_modules/.bin:$PATH" TURBO_TELEMETRY_DISABLED=1
  local prefix
  prefix="$(node -p 'require("node:path").resolve(process.execPath, "../..")')"
  if [ -e "$prefix/include/node/node_version.h" ]; then export npm_config_nodedir="$prefix"; fi
}
