#!/bin/sh
# What is not the server itself are its arguments.
set -eu
[ "${1:-}" = minio ] || set -- minio "$@"
exec "$@"
