# The guide's container, carried over: same volumes, same variables, same tools for the actions, `fail2ban-client` and
# its siblings included. Build it with BuildKit; `--build-arg BINARY=prebuilt` takes ./bantam in place of compiling.
ARG BASE=debian:bookworm-slim
ARG RUST=rust:1-bookworm
ARG BINARY=compiled

FROM ${RUST} AS compiled
WORKDIR /src
COPY . .
RUN cargo build --release --locked && mv target/release/bantam /bantam

FROM ${BASE} AS prebuilt
COPY bantam /bantam

FROM ${BINARY} AS binary

FROM ${BASE}
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        bash ca-certificates conntrack curl ipset iptables jq nftables tzdata whois \
    # The stock filters, actions and jails, beneath people's own: data of Debian's package, without its program.
    && cd /tmp && apt-get download fail2ban && dpkg -x fail2ban_*.deb stock \
    && cp -r stock/etc/fail2ban /etc/fail2ban && mkdir -p /usr/share/doc/fail2ban \
    && cp stock/usr/share/doc/fail2ban/copyright /usr/share/doc/fail2ban/ \
    && rm -rf /etc/fail2ban/jail.d/* /tmp/* /var/lib/apt/lists/*
COPY --from=binary /bantam /usr/bin/bantam
COPY deploy/entrypoint.sh /usr/bin/bantam-entrypoint
RUN chmod 755 /usr/bin/bantam /usr/bin/bantam-entrypoint \
    && for name in client regex server; do ln -s bantam "/usr/bin/fail2ban-$name"; done \
    && mkdir -p /var/run/fail2ban /data
ENV TZ=UTC F2B_LOG_TARGET=STDOUT
VOLUME /data
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["fail2ban-client", "ping"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/bantam-entrypoint"]
CMD ["bantam", "run", "/data"]
