# One image for every process of docker-compose.yml.

# The chart library, exactly as package-lock.json names it.
FROM node:22-slim AS packages
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts

# Python packages by digest, the front end, and the hashed and compressed static files.
FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /app
COPY requirements/base.txt requirements/base.txt
RUN pip install --no-deps --require-hashes -r requirements/base.txt
COPY . .
COPY --from=packages /src/node_modules node_modules
# Settings refuse half a configuration: the addresses lead nowhere, and the secret lives for one command.
RUN python scripts/build_frontend.py --offline \
    && DATABASE_URL=postgres://build@localhost/build REDIS_URL=redis://localhost/0 ZTPORTAL_DATA_DIR=/tmp/build \
       ZTPORTAL_SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(64))')" \
       ZTPORTAL_CREDENTIAL_KEYS="$(python -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())')" \
       python manage.py collectstatic --noinput --verbosity 0 \
    && rm -rf node_modules /tmp/build \
    && python -m compileall -q apps ztportal

FROM python:3.11-slim
RUN groupadd --gid 10001 ztportal && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin ztportal \
    && groupadd --gid 10002 notary && useradd --uid 10002 --gid 10002 --no-create-home --shell /usr/sbin/nologin notary \
    && install -d -o ztportal -g ztportal -m 700 /data && install -d -o notary -g notary -m 700 /notary /witness
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=ztportal.settings ZTPORTAL_DATA_DIR=/data
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=10s --start-period=40s --retries=4 CMD ["python", "-m", "ztportal.health", "web"]
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--blocking-threads", "4", "--no-ws", "--respawn-failed-workers", "--workers-kill-timeout", "30", "ztportal.wsgi:application"]
