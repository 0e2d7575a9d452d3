# Sourced by scripts/demo, scripts/test and scripts/bench: brings a fresh Debian or Ubuntu to the point
# where the built program runs. Quick where nothing is missing.
# shellcheck shell=bash

# Node 26 comes with the npm packages; the machine's own Node only runs npm.
export PATH="$PWD/node_modules/.bin:$PATH"

say() { printf '%s\n' "$*" >&2; }

as_root() {
  if [[ $(id -u) -eq 0 ]]; then "$@"; else sudo "$@"; fi
}

installed() {
  dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q ' installed$'
}

# One at a time: two commands of a fresh clone would write to the same place.
alone() (
  flock 9
  "$@" 9<&-
) 9<.

# Installs the packages that are missing. Debian starts and enables a server that it installs: here
# nothing is started, and what was not enabled before is disabled again, also after an interruption.
need_packages() { alone packages_if_missing "$@"; }

packages_if_missing() {
  local package missing=()
  for package in "$@"; do
    installed "$package" || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  say "Installing with apt-get: ${missing[*]} (no service will be started or enabled)"
  install_quietly "${missing[@]}"
}

# In a shell of its own, whose end puts back what it changed.
install_quietly() (
  hold=/usr/sbin/policy-rc.d
  before=$(enabled_services)
  held=no

  # shellcheck disable=SC2317 # called by the trap
  put_back() {
    [[ $held == no ]] || as_root rm -f "$hold"
    local service
    for service in $(comm -13 <(echo "$before") <(enabled_services)); do
      as_root deb-systemd-helper disable "$service.service" >/dev/null 2>&1 || :
      if [[ -e /etc/init.d/$service ]]; then as_root update-rc.d "$service" disable; fi
    done
  }
  trap put_back EXIT
  trap 'exit 130' INT TERM

  if [[ ! -e $hold ]]; then
    held=yes
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$hold" >/dev/null
    as_root chmod 755 "$hold"
  fi
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=600 "$@" >/dev/null
)

# The services that a boot would start, one a line, sorted.
enabled_services() {
  {
    find /etc/systemd/system -name '*.service' -path '*.wants/*' -printf '%f\n' 2>/dev/null |
      sed 's/\.service$//'
    find /etc/rc[2345].d -name 'S*' -printf '%f\n' 2>/dev/null | sed 's/^S..//'
  } | sort -u
}

# The npm packages of a directory, if its lock file has changed.
need_npm() { alone npm_if_changed "$1"; }

npm_if_changed() {
  local stamp=$1/node_modules/.installed-lock.json
  cmp -s "$1/package-lock.json" "$stamp" && return
  say "Installing the npm packages of $1"
  npm ci --prefix "$1" --no-audit --no-fund --loglevel=error >&2
  cp "$1/package-lock.json" "$stamp"
}

# The built program, if what it is made from has changed.
need_build() {
  need_npm .
  alone build_if_changed
}

build_if_changed() {
  if [[ ! -e dist/types || -n $(find src scripts/build.ts package.json -newer dist/types -print -quit) ]]; then
    say "Building"
    npm run --silent build
  fi
}
