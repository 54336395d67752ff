#!/bin/sh
# Makes the bucket, and is done.
set -eu

until mc alias set app "$MINIO_URL" "$MINIO_ROOT_USER" "$(cat /run/secrets/root_key)"; do sleep 0.5; done
mc mb --ignore-existing "app/$BUCKET_NAME"
