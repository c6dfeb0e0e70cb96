# syntax=docker/dockerfile:1.7
# Targets: `binnacle` (server, worker, console; the last, so the default), `proxy`, `backup`.
ARG RUST_VERSION=1.95
ARG DEBIAN=bookworm

FROM rust:${RUST_VERSION}-${DEBIAN} AS tools
RUN cargo install --locked cargo-chef@0.1.78 cargo-cyclonedx@0.5.9
WORKDIR /src

# What is to be compiled besides our own code: a layer that changes with Cargo.lock alone.
FROM tools AS plan
COPY . .
RUN cargo chef prepare --recipe-path /recipe.json

FROM tools AS build
COPY --from=plan /recipe.json /recipe.json
COPY rust-toolchain.toml ./
RUN cargo chef cook --locked --profile dist --recipe-path /recipe.json --bin binnacle --bin binnacle-tui
COPY . .
ARG REVISION=unknown
ENV BINNACLE_COMMIT=${REVISION}
RUN deploy/image-root dist /root-of-image \
  && cargo cyclonedx --format json --manifest-path server/Cargo.toml --override-filename sbom \
  && install -D --mode 644 server/sbom.json /root-of-image/usr/share/binnacle/sbom.cdx.json

FROM nginx:1.28-${DEBIAN} AS proxy
LABEL org.opencontainers.image.title="Binnacle proxy" \
      org.opencontainers.image.description="nginx before Binnacle: TLS, one origin, streams unbuffered" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY proxy /opt/binnacle/proxy
COPY docs/runbooks /opt/binnacle/runbooks
ENV RUN_DIR=/tmp/binnacle-proxy RUNBOOKS=/opt/binnacle/runbooks HTTP_PORT=8080 HTTPS_PORT=8443
USER 101:101
EXPOSE 8080 8443
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["curl", "--fail", "--silent", "--insecure", "--output", "/dev/null", "https://127.0.0.1:8443/live"]
ENTRYPOINT ["/opt/binnacle/proxy/start"]

# `binnacle backup` runs pg_dump, which must not be older than the server.
FROM postgres:16-${DEBIAN} AS backup
LABEL org.opencontainers.image.title="Binnacle backups" \
      org.opencontainers.image.description="Takes a backup of Binnacle each day, reads it back, and keeps the newest" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /root-of-image/usr/local/bin/binnacle /usr/local/bin/binnacle
COPY deploy/backup-daily /usr/local/bin/backup-daily
RUN install --directory --owner 65532 --group 65532 --mode 700 /backups
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/backup-daily"]

FROM gcr.io/distroless/cc-debian12:nonroot AS binnacle
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Binnacle" \
      org.opencontainers.image.description="A self-hosted AI workspace in one server that you can see inside" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /root-of-image/ /
COPY --from=build --chown=65532:65532 /root-of-image/data /data
ENV HOST=0.0.0.0 PORT=8000 PLC_STORAGE_DIR=/data LOG_FORMAT=json
USER 65532:65532
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["/usr/local/bin/binnacle", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/binnacle"]
CMD ["serve"]
