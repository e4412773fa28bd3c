#!/usr/bin/env bash
# Brings a fresh clone to where ./bae and npm test can run: libtorrent and build tools through apt, pnpm and
# the packages through npm, then the build. Needs Node and npm. Doing it again is quick and changes nothing.
set -euo pipefail

here="$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")"
. "$here/steps.sh"
. "$here/is-prepared.sh"

check_node() {
  command -v node >/dev/null || stop 'Node.js 20.19 or newer is needed; there is no `node` in PATH.'
  command -v npm >/dev/null || stop 'npm is needed; there is no `npm` in PATH.'
  local major minor
  IFS=. read -r major minor _ <<<"$(node -p process.versions.node)"
  [ "$major" -gt 20 ] || { [ "$major" -eq 20 ] && [ "$minor" -ge 19 ]; } ||
    stop "Node.js 20.19 or newer is needed; this is $(node -p process.versions.node)."
}

has_libtorrent() { pkg-config --atleast-version=2.0.8 libtorrent-rasterbar 2>/dev/null; }

missing_packages() {
  local tool
  for tool in make g++ python3; do
    command -v "$tool" >/dev/null || printf '%s ' "$tool"
  done
  has_libtorrent || printf 'libtorrent-rasterbar-dev pkg-config '
}

get_system_packages() {
  local packages
  read -r -a packages <<<"$(missing_packages)"
  [ "${#packages[@]}" -gt 0 ] || return 0
  if may_install; then
    install_packages "${packages[@]}"
  elif command -v apt-get >/dev/null; then
    say 'bae: some Debian packages are missing and this user may not install them. Please run'
    say "    sudo apt-get install ${packages[*]}"
    stop 'and then this command again.'
  else
    stop "please install what is missing, then run this again. By its Debian names: ${packages[*]}."
  fi
  has_libtorrent || stop "libtorrent-rasterbar 2.0.8 or newer is needed, and apt has none; see $log."
}

# With it the addon hashes faster, and nothing needs it: Debian has it for amd64 alone.
get_multi_buffer() {
  local package=libipsec-mb-dev
  [ ! -e /usr/include/intel-ipsec-mb.h ] && may_install && apt-cache show "$package" >/dev/null 2>&1 || return 0
  install_packages "$package"
}

get_pnpm() {
  local tools="$state/tools"
  [ "$(cat "$tools/version" 2>/dev/null)" = "$pnpm_version" ] && return 0
  mkdir -p "$tools"
  step "Getting pnpm $pnpm_version (npm)" \
    npm install --prefix "$tools" --no-save --no-audit --no-fund "pnpm@$pnpm_version"
  printf '%s\n' "$pnpm_version" >"$tools/version"
}

# What pnpm installs from: unchanged, there is nothing to install.
lock_sum() {
  (cd "$root" && cat pnpm-lock.yaml pnpm-workspace.yaml package.json ./*/package.json packages/*/package.json | cksum)
}

get_packages() {
  local sum
  sum="$(lock_sum)"
  [ -d "$root/node_modules/.pnpm" ] && [ "$(cat "$state/installed" 2>/dev/null)" = "$sum" ] && return 0
  # Without CI set, pnpm asks before it replaces a node_modules folder, and nobody is there to answer.
  step 'Getting the packages (pnpm)' env CI=true pnpm --dir "$root" install --frozen-lockfile
  printf '%s\n' "$sum" >"$state/installed"
}

build() {
  # The stamp is as old as the start of the build: a source changed meanwhile makes the next run build again.
  touch "$state/building"
  step 'Building, which takes some minutes once' pnpm --dir "$root" run build:app
  mv "$state/building" "$state/built"
}

main() {
  trap 'exit 130' INT
  if is_prepared "$root"; then return 0; fi
  check_node
  open_state
  take_lock
  # Another run may have done it while this one waited for the lock.
  if is_prepared "$root"; then return 0; fi
  : >"$log"
  choose_home
  get_system_packages
  get_multi_buffer
  use_tools
  get_pnpm
  get_packages
  build
}

main
