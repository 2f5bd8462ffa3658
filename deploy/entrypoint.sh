#!/bin/sh
# Prepares the container, then becomes the daemon: makes the folders that the guide speaks of, and picks the flavour of
# iptables that the host's rules are in, since rules of the other flavour would be looked at by nobody, or too late.
# IPTABLES_MODE=nft or legacy decides it by hand.
set -eu

mkdir -p /data/action.d /data/db /data/filter.d /data/jail.d

rules() { "$1" 2>/dev/null | grep -c '^-A' || true; }

mode=${IPTABLES_MODE:-auto}
if [ "$mode" = auto ]; then
    legacy=$(($(rules iptables-legacy-save) + $(rules ip6tables-legacy-save)))
    nft=$(($(rules iptables-nft-save) + $(rules ip6tables-nft-save)))
    if [ "$legacy" -gt "$nft" ]; then mode=legacy; else mode=nft; fi
    why="the host has $nft rules in nft, $legacy in legacy"
else
    why="IPTABLES_MODE says so"
fi
case "$mode" in
    nft | legacy) ;;
    *) echo "bantam: IPTABLES_MODE is '$mode'; it must be auto, nft or legacy" >&2; exit 2 ;;
esac
for tool in iptables ip6tables; do
    update-alternatives --quiet --set "$tool" "/usr/sbin/$tool-$mode" >/dev/null
done
echo "bantam: using iptables-$mode ($why)"

exec "$@"
