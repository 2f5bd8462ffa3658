# The guide's container, carried over: same volumes, same variables, same tools for the actions, `fail2ban-client` and
# its siblings included. `docker build -t bantam:latest .` compiles, with BuildKit or the classic builder. A binary that
# is there already is taken with `--build-arg BINARY=target/release/bantam --build-arg RUST=debian:bookworm-slim`; it
# must run on the base's C library.
ARG BASE=debian:bookworm-slim
ARG RUST=rust:1-bookworm

FROM ${RUST} AS binary
ARG BINARY=
WORKDIR /src
COPY . .
RUN if [ -z "$BINARY" ]; then cargo build --release --locked; fi \
    && install -m 755 "${BINARY:-target/release/bantam}" /bantam

FROM ${BASE}
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        bash ca-certificates conntrack curl ipset iptables jq kmod mmdb-bin nftables openssh-client tini tzdata \
        wget whois \
    # The stock filters, actions and jails, beneath people's own: data of Debian's package, without its program. The
    # second copy is what comes back when somebody's own file of a stock name is gone.
    && cd /tmp && apt-get download fail2ban && dpkg -x fail2ban_*.deb stock \
    && rm -r stock/etc/fail2ban/jail.d && cp -r stock/etc/fail2ban /etc/fail2ban \
    && mkdir -p /usr/share/doc/fail2ban /usr/share/bantam /run/fail2ban /data \
    && cp -r stock/etc/fail2ban /usr/share/bantam/stock \
    && cp stock/usr/share/doc/fail2ban/copyright /usr/share/doc/fail2ban/ \
    && rm -rf /tmp/* /var/lib/apt/lists/*
COPY deploy/entrypoint.sh /usr/bin/bantam-entrypoint
COPY --from=binary /bantam /usr/bin/bantam
RUN chmod 755 /usr/bin/bantam-entrypoint \
    && for name in client regex server; do ln -s bantam "/usr/bin/fail2ban-$name"; done
ENV TZ=UTC
VOLUME /data
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["fail2ban-client", "ping"]
STOPSIGNAL SIGTERM
# Actions may leave processes behind that nobody waits for: tini does.
ENTRYPOINT ["tini", "--", "bantam-entrypoint"]
CMD ["bantam", "run", "/data"]
