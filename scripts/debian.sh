#!/usr/bin/env bash
# Install those of the given Debian packages that are missing.
# Without arguments: those listed in scripts/debian-packages.txt, which the tests need.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -gt 0 ]; then
    wanted=("$@")
else
    mapfile -t wanted < <(sed 's/#.*//; s/[[:space:]]//g; /^$/d' scripts/debian-packages.txt)
fi

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "debian: not a Debian system; please install the equivalent of: ${wanted[*]}" >&2
    exit 1
fi

missing=()
for package in "${wanted[@]}"; do
    status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
    as_root=(env)
elif command -v sudo >/dev/null; then
    as_root=(sudo env)
else
    echo "debian: ${missing[*]} missing, and neither root nor sudo to install with." >&2
    echo "debian: as root, run: apt-get install ${missing[*]}" >&2
    exit 1
fi

apt() {
    "${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@"
}
echo "debian: installing ${missing[*]}"
apt update
apt install -y --no-install-recommends "${missing[@]}" >/dev/null
