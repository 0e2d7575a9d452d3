#!/usr/bin/env bash
# stand-in.sh DEBIAN-IMAGE NODE-IMAGE: makes both from Debian's archive and this machine's own Node
# packages, in place of debian:trixie-slim and node:26-trixie-slim. What this machine needs to reach
# the archive and npm's registry (mirror, proxy, certificates) is taken over; these images stay here.
# Called by scripts/image, from the root of the repository.
set -euo pipefail
debian=$1 node=$2
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT

# apt's mirror, where it is one of Debian's archive, and apt's proxy.
# shellcheck disable=SC2016 # apt's own variable
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 -E '/debian/?$' || true)
eval "$(apt-config shell proxy Acquire::http::Proxy)"
export http_proxy=${http_proxy:-${proxy:-}}

root=$work/root
log=$work/debootstrap.log
debootstrap --variant=minbase trixie "$root" ${mirror:+"$mirror"} >"$log" 2>&1 || {
  tail -5 "$log" >&2
  exit 1
}
# As Debian's own images are: no service starts, slim leaves out what nobody reads.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
for path in doc info locale man; do
  echo "path-exclude /usr/share/$path/*"
  rm -rf "${root:?}/usr/share/$path"/*
done >"$root/etc/dpkg/dpkg.cfg.d/slim"
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/cache/apt/*.bin "$root"/var/lib/apt/lists/* \
  "$root"/var/log/*.log
tar -C "$root" --one-file-system -c . | "$ENGINE" import --change 'CMD ["bash"]' - "$debian" >/dev/null

# Node as this checkout has it: npm for it is this machine's.
tools=$work/tools
mkdir -p "$tools/bin" "$tools/lib/node_modules"
[[ -x node_modules/.bin/node ]] || npm ci --ignore-scripts
cp -L node_modules/.bin/node "$tools/bin/node"
npm=$(readlink -f "$(command -v npm)")
cp -R "${npm%/bin/npm-cli.js}" "$tools/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$tools/bin/npm"
cp -L "${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}" "$tools/ca.crt"
"$ENGINE" build -t "$node" -f - "$tools" >/dev/null <<END
FROM $debian
RUN apt-get update && apt-get install -y --no-install-recommends libatomic1 libstdc++6 && rm -rf /var/lib/apt/lists/*
COPY . /usr/local/
ENV NODE_EXTRA_CA_CERTS=/usr/local/ca.crt npm_config_registry=$(npm config get registry 2>/dev/null)
END
