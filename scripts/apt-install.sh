#!/usr/bin/env bash
# apt-install.sh PACKAGE...: run as root. Installs Debian packages; services in them start neither now nor with
# the machine.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

# Debian asks this program before it starts a service; 101 means no. Only ours is taken away again.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

install() {
  apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 "$@"
}

# The package lists may be missing or older than the mirror.
install "$@" || { apt-get update -o Acquire::Retries=3 && install "$@"; }

for package in "$@"; do
  if [ -e "/etc/init.d/$package" ]; then
    update-rc.d "$package" disable
  elif command -v systemctl >/dev/null && [ -e "/lib/systemd/system/$package.service" ]; then
    systemctl disable "$package.service"
  fi
done
