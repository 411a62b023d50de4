# syntax=docker/dockerfile:1
# Meltano, the three plugins and dbt, complete: nothing is fetched when it runs.
#   docker build -t us.gcr.io/cityblock-data/zendesk:$(git rev-parse --short HEAD) \
#     --build-arg REVISION=$(git rev-parse HEAD) .
ARG PYTHON_IMAGE=python:3.12-slim-bookworm

# --- builder: deploy/image/build holds every step, and tests run it without Docker --------------------
FROM ${PYTHON_IMAGE} AS builder
WORKDIR /source
COPY . .
# Virtual environments contain absolute paths: built where they will run, with the interpreter that will run them.
# "copy", because the cache is not on the image's file system.
RUN --mount=type=cache,target=/var/cache/build \
    XDG_CACHE_HOME=/var/cache/build IMAGE_PYTHON=/usr/local/bin/python3.12 UV_LINK_MODE=copy deploy/image/build /project

FROM builder AS page-builder
RUN --mount=type=cache,target=/var/cache/build \
    XDG_CACHE_HOME=/var/cache/build UV_LINK_MODE=copy deploy/image/build-page /project

# --- the image ---------------------------------------------------------------------------------------
FROM ${PYTHON_IMAGE} AS jobs
ARG REVISION=unknown
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="zendesk" \
      org.opencontainers.image.description="Zendesk Support to BigQuery and Pub/Sub: meltano run tap-to-bigquery, meltano run tap-to-pubsub" \
      org.opencontainers.image.vendor="Cityblock" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# Nothing is installed in the image later, so it needs no pip: Meltano installs a plugin before a run only if it has
# been installed with another pip_url or Python.
RUN python -m pip uninstall --yes --root-user-action=ignore pip && rm -rf /usr/local/lib/python3.12/ensurepip
COPY --from=builder /project /project

# Runs write to two places, /tmp and /project/.meltano/run: the root file system may be read-only.
# Meltano's database there holds locks and the history of runs, which end with the container; the state is kept
# where MELTANO_STATE_BACKEND_URI says.
ENV PATH=/project/.venvs/meltano/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    MELTANO_PROJECT_ROOT=/project \
    MELTANO_PROJECT_READONLY=true \
    MELTANO_DATABASE_URI=sqlite:////tmp/meltano.db \
    DBT_TARGET_PATH=/tmp/dbt \
    DBT_LOG_PATH=/tmp/dbt \
    DBT_LOG_LEVEL_FILE=none

WORKDIR /project
USER 65532:65532
ENTRYPOINT ["meltano"]
CMD ["--help"]

# --- with the operations page: docker build --target page ----------------------------------------------
FROM jobs AS page
COPY --from=page-builder /project/docs /project/docs
COPY --from=page-builder /project/.venvs/page /project/.venvs/page
COPY --from=page-builder /project/.meltano/utilities/operations-page /project/.meltano/utilities/operations-page

# --- what is built without --target --------------------------------------------------------------------
FROM jobs
