#!/bin/bash
# What the distribution's kc.sh does for `build` and `start --optimized`.
set -euo pipefail
home="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
exec java ${JAVA_OPTS_KC_HEAP:--Xms64m -Xmx512m} -XX:+ExitOnOutOfMemoryError \
  --add-opens=java.base/java.util=ALL-UNNAMED \
  --add-opens=java.base/java.util.concurrent=ALL-UNNAMED \
  --add-opens=java.base/java.security=ALL-UNNAMED \
  -Dfile.encoding=UTF-8 \
  -Djava.util.logging.manager=org.jboss.logmanager.LogManager \
  -Djava.util.concurrent.ForkJoinPool.common.threadFactory=io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory \
  -Dquarkus-log-max-startup-records=10000 \
  -Dpicocli.disable.closures=true \
  -Dkc.home.dir="$home" \
  -Djboss.server.config.dir="$home/conf" \
  -cp "$home/lib/quarkus-run.jar" io.quarkus.bootstrap.runner.QuarkusEntryPoint "$@"
