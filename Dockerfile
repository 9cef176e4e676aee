# syntax=docker/dockerfile:1
# Koubei as one image for every part: `koubei up --only web`, `--only scheduler`; the target
# `crawler` is the same image with Chromium. Built and started by docker-compose.yml.
#
# The tag names a version and a Debian; a digest would name the bytes. To pin them, put
#   docker buildx imagetools inspect python:3.11.15-slim-bookworm --format '{{.Manifest.Digest}}'
# behind the tag: PYTHON_IMAGE=python:3.11.15-slim-bookworm@sha256:…
ARG PYTHON_IMAGE=python:3.11.15-slim-bookworm


FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/koubei
COPY requirements/build.lock requirements/run.lock requirements/
RUN /opt/koubei/bin/python -m pip install --require-hashes --no-build-isolation -r requirements/build.lock
RUN /opt/koubei/bin/python -m pip install --require-hashes --no-build-isolation -r requirements/run.lock
COPY . .
RUN /opt/koubei/bin/python -m pip install --no-deps --no-build-isolation --no-index .
# what installs packages, and other people's tests (70 MB), have no work in a service
RUN /opt/koubei/bin/python -m pip uninstall --yes setuptools wheel pip
RUN find /opt/koubei/lib -type d -name tests -prune -exec rm -r {} +


FROM ${PYTHON_IMAGE} AS runtime
ARG KOUBEI_VERSION=0.1.0
LABEL org.opencontainers.image.title="Koubei 口碑" \
      org.opencontainers.image.description="An online reputation service that a company runs for itself" \
      org.opencontainers.image.version="${KOUBEI_VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
# Group 0: what lies in a shared volume is readable to Elasticsearch, which runs as 1000:0. Folders
# that volumes are mounted on give these their owner.
RUN useradd --uid 10001 --gid 0 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin koubei \
    && install -d -m 0700 -o 10001 -g 0 /var/lib/koubei \
    && install -d -m 0750 -o 10001 -g 0 /var/lib/koubei-tls \
    && install -d -m 0755 -o 10001 -g 0 /var/lib/koubei-ca
COPY --from=build /opt/koubei /opt/koubei
# Nothing is written outside of the volumes and /tmp: the root file system can be read-only.
ENV PATH=/opt/koubei/bin:$PATH \
    HOME=/tmp \
    LANG=C.UTF-8 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    KOUBEI_WEB__HOST=0.0.0.0
WORKDIR /var/lib/koubei
USER 10001:0
EXPOSE 8501
ENTRYPOINT ["koubei"]
CMD ["up"]
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-m", "runtime.healthy", "http://127.0.0.1:8501/healthz"]


# Debian's Chromium is not pinned: of a browser one wants the newest of its security updates, and
# Debian keeps no other.
FROM runtime AS crawler
USER 0:0
RUN apt-get update \
    && apt-get install --yes --no-install-recommends chromium fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/*
USER 10001:0


FROM runtime AS koubei
