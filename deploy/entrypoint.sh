#!/bin/sh
# Prepares the container, then becomes the daemon: makes the folders that the guide speaks of, puts them and the
# container's variables where `fail2ban-client` and `fail2ban-regex` look for a configuration, and picks the flavour of
# iptables that the host's rules are in.
set -eu

data=/data
conf=/etc/fail2ban
stock=/usr/share/bantam/stock

say() { echo "bantam: $*"; }
warn() { say "warning: $*" >&2; }

TZ=${TZ:-UTC}
export TZ
[ -e "/usr/share/zoneinfo/$TZ" ] || warn "TZ is '$TZ', of which no time zone is known; times will be UTC"
export F2B_LOG_TARGET="${F2B_LOG_TARGET:-STDOUT}" F2B_LOG_LEVEL="${F2B_LOG_LEVEL:-INFO}"
export F2B_DB_PURGE_AGE="${F2B_DB_PURGE_AGE:-1d}"

mkdir -p "$data/action.d" "$data/db" "$data/filter.d" "$data/jail.d"

# One configuration for the daemon and for the commands that people give inside the container: what the daemon takes
# from the volume and the variables, they find in the usual place.
cat >"$conf/fail2ban.d/00-container.conf" <<END
[Definition]
logtarget = $F2B_LOG_TARGET
loglevel = $F2B_LOG_LEVEL
dbfile = $data/db/fail2ban.sqlite3
dbpurgeage = $F2B_DB_PURGE_AGE
END
# Links of an earlier start go, and a stock file whose place one had comes back: the file may be gone from the volume.
find "$conf" -lname "$data/*" | while read -r link; do
    rm "$link"
    file=$stock/${link#"$conf"/}
    if [ -f "$file" ]; then cp "$file" "$link"; fi
done
if [ ! -e "$conf/jail.d" ]; then ln -s "$data/jail.d" "$conf/jail.d"; fi
{
    find "$data" -maxdepth 1 -name '*.conf'
    find "$data" -maxdepth 1 -name '*.local'
    find "$data/action.d/" "$data/filter.d/"
} | while read -r file; do
    [ -f "$file" ] || continue
    name=${file#"$data"/}
    if [ -e "$stock/$name" ]; then say "$file stands in place of the stock one"; fi
    mkdir -p "$conf/$(dirname "$name")"
    ln -sf "$file" "$conf/$name"
done

# Left by a container that was killed; nobody else can be using them.
rm -f /run/fail2ban/fail2ban.sock /run/fail2ban/fail2ban.pid

# Docker's chains exist in one flavour only, and an action that names them fails in the other.
saved() { "$1-save" 2>/dev/null || true; }
rules() { printf '%s\n' "$1" | grep -c '^-A' || true; }
has_docker() { printf '%s\n' "$1" | grep -q '^:DOCKER-USER '; }
mode=${IPTABLES_MODE:-auto}
nft=$(saved iptables-nft; saved ip6tables-nft)
legacy=$(saved iptables-legacy; saved ip6tables-legacy)
case "$mode" in
    nft | legacy) why="IPTABLES_MODE says so" ;;
    auto)
        if has_docker "$nft"; then
            mode=nft why="Docker's chains are in it"
        elif has_docker "$legacy"; then
            mode=legacy why="Docker's chains are in it"
        elif [ "$(rules "$legacy")" -gt "$(rules "$nft")" ]; then
            mode=legacy why="the host has $(rules "$legacy") rules in it, $(rules "$nft") in nft"
        elif ! answer=$(iptables-nft-save 2>&1 >/dev/null); then
            # Refused is not unknown: without its capability the container learns nothing of the host.
            case $answer in
                *ermission*) mode=nft why="the host's rules cannot be read" ;;
                *) mode=legacy why="the host knows no nft" ;;
            esac
        else
            mode=nft why="the host has $(rules "$nft") rules in it, $(rules "$legacy") in legacy"
        fi
        ;;
    *)
        echo "error: IPTABLES_MODE is '$mode'; it must be auto, nft or legacy" >&2
        exit 2
        ;;
esac
for tool in iptables ip6tables; do
    update-alternatives --quiet --set "$tool" "/usr/sbin/$tool-$mode" >/dev/null
done
say "using iptables-$mode ($why)"
if ! answer=$(iptables -w -S INPUT 2>&1 >/dev/null); then
    warn "iptables cannot be used: $answer"
    warn "the container needs cap_add: NET_ADMIN, NET_RAW and network_mode: host"
elif grep -rqs DOCKER-USER "$data/jail.d" "$data/action.d" && ! iptables -w -S DOCKER-USER >/dev/null 2>&1; then
    warn "the configuration names DOCKER-USER, a chain that is not there: is this the host's network, and Docker's own firewall on?"
fi

exec "$@"
