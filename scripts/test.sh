#!/usr/bin/env bash
# npm test: brings what is missing, builds everything, runs the suites and counts.
set -euo pipefail

here="$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")"
bash "$here/bootstrap.sh"
. "$here/steps.sh"

# Clients that are not ours, for the end to end tests. Where they cannot be had, those tests say what they need.
missing_clients() {
  command -v aria2c >/dev/null || printf 'aria2 '
  command -v transmission-daemon >/dev/null || printf 'transmission-daemon '
  /usr/bin/python3 -c 'import libtorrent' 2>/dev/null || printf 'python3-libtorrent '
}

get_clients() {
  local clients
  read -r -a clients <<<"$(missing_clients)"
  [ "${#clients[@]}" -gt 0 ] || return 0
  if may_install; then
    install_packages "${clients[@]}"
  else
    say "Not here, and this user may not install them: ${clients[*]}. Tests that need them are skipped."
  fi
}

trap 'exit 130' INT
open_state
take_lock
choose_home
use_tools
get_clients
step 'Building everything' pnpm --dir "$root" run build
exec 9>&-

# libtorrent takes file names for ASCII unless LANG ends like this, in the python module that tests seed with too.
case "${LANG:-}" in
  *.UTF-8) ;;
  *) export LANG=C.UTF-8 ;;
esac

cd "$root"
exec node scripts/dist/run-suites.js "$@"
