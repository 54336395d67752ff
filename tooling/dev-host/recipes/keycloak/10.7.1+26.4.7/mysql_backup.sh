#!/bin/sh
set -eu

MYSQL_PWD="$(cat /run/secrets/db_root_password)"
export MYSQL_PWD
DUMP=/var/lib/mysql/backup.sql

case "$1" in
  backup)
    mariadb-dump --user=root --single-transaction --routines keycloak > "$DUMP.tmp"
    mv "$DUMP.tmp" "$DUMP"
    ;;
  restore)
    mariadb --user=root --execute='DROP DATABASE keycloak; CREATE DATABASE keycloak;'
    mariadb --user=root keycloak < "$DUMP"
    ;;
esac
