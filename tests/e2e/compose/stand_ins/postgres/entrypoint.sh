#!/usr/bin/env bash
# Stand-in for the entrypoint of the postgres image: initdb with POSTGRES_INITDB_ARGS, the scripts of
# /docker-entrypoint-initdb.d on a server without network, then the server. Runs as the user that compose names.
set -Eeuo pipefail
[ "$1" = postgres ] || exec "$@"
user=${POSTGRES_USER:-postgres} database=${POSTGRES_DB:-${POSTGRES_USER:-postgres}}
mkdir -p "$PGDATA" && chmod 0700 "$PGDATA"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    password=${POSTGRES_PASSWORD:?the password of the administrator is not set}
    printf '%s\n' "$password" >/tmp/password
    # The arguments are words, as in the image.
    # shellcheck disable=SC2086
    initdb --username="$user" --pwfile=/tmp/password ${POSTGRES_INITDB_ARGS:-}
    rm /tmp/password
    echo "unix_socket_directories = '/var/run/postgresql'" >>"$PGDATA/postgresql.conf"
    printf '\nhost all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
    export PGPASSWORD=$password
    pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start
    psql=(psql -v ON_ERROR_STOP=1 --username "$user" --no-password --no-psqlrc)
    [ "$database" = postgres ] || "${psql[@]}" --dbname postgres --set db="$database" <<<'create database :"db";'
    for script in /docker-entrypoint-initdb.d/*.sql; do
        [ -e "$script" ] || continue
        echo "running $script"
        "${psql[@]}" --dbname "$database" --file "$script"
    done
    pg_ctl -D "$PGDATA" -m fast -w stop
    unset PGPASSWORD
fi
exec "$@"
