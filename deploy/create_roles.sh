#!/bin/sh
# Run once by the postgres image on an empty data folder: the three roles of docs/operations.md, and who owns the schema.
set -eu
psql --set ON_ERROR_STOP=1 --username postgres --dbname ztportal \
  --set owner_password="$OWNER_PASSWORD" --set app_password="$APP_PASSWORD" --set notary_password="$NOTARY_PASSWORD" <<'SQL'
CREATE ROLE ztportal_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE ztportal_app LOGIN PASSWORD :'app_password';
CREATE ROLE ztportal_notary LOGIN PASSWORD :'notary_password';
ALTER DATABASE ztportal OWNER TO ztportal_owner;
ALTER SCHEMA public OWNER TO ztportal_owner;
REVOKE ALL ON DATABASE ztportal FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT CONNECT ON DATABASE ztportal TO ztportal_app, ztportal_notary;
ALTER ROLE ztportal_app SET lock_timeout = '10s';
ALTER ROLE ztportal_owner SET lock_timeout = '3s';
SQL
