# Superset in an image of its own: its locked packages and Airflow's do not live in one environment.
FROM python:3.12.12-slim-bookworm

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 UV_NO_CACHE=1 UV_SYSTEM_PYTHON=1 \
    UV_COMPILE_BYTECODE=1 \
    PYTHONUNBUFFERED=1

RUN apt-get update \
    && apt-get install --yes --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 50000 --gid 0 --create-home superset \
    && install --directory --owner 50000 --group 0 /var/lib/superset

WORKDIR /opt/superset

COPY requirements/bootstrap.txt requirements/superset.txt requirements/
RUN pip install --require-hashes -r requirements/bootstrap.txt \
    && uv pip install --require-hashes -r requirements/superset.txt

COPY bi/superset bi/superset
COPY docker/prepare_superset docker/prepare_superset

USER 50000
ENTRYPOINT ["tini", "--"]
