#!/bin/sh
set -eu

# Hands NAME, or what the file NAME_FILE holds, to $value.
read_value() {
  eval "value=\${$1:-}; file=\${$1_FILE:-}"
  if [ -n "$file" ]; then value="$(cat "$file")"; fi
}

# A text as SQL writes it.
quoted() { printf "'%s'" "$(printf '%s' "$1" | sed "s/[\\\\']/\\\\&/g")"; }

if [ "${1:-}" = mariadbd ] && [ ! -d /var/lib/mysql/mysql ]; then
  read_value MARIADB_ROOT_PASSWORD
  root="$value"
  read_value MARIADB_PASSWORD
  password="$value"
  # Made beside its place: a container that is ended in the middle begins again with nothing.
  new=/var/lib/mysql/.new
  rm -rf "$new"
  chown mysql:mysql /var/lib/mysql
  mariadb-install-db --user=mysql --datadir="$new" --auth-root-authentication-method=normal \
    --skip-test-db --skip-name-resolve >/dev/null
  {
    echo 'FLUSH PRIVILEGES;'
    if [ -n "${MARIADB_DATABASE:-}" ]; then echo "CREATE DATABASE \`$MARIADB_DATABASE\`;"; fi
    if [ -n "${MARIADB_USER:-}" ]; then
      echo "CREATE USER '$MARIADB_USER'@'%' IDENTIFIED BY $(quoted "$password");"
      echo "GRANT ALL ON \`${MARIADB_DATABASE:-%}\`.* TO '$MARIADB_USER'@'%';"
    fi
    if [ -n "$root" ]; then echo "ALTER USER 'root'@'localhost' IDENTIFIED BY $(quoted "$root");"; fi
  } | mariadbd --user=mysql --datadir="$new" --bootstrap --silent-startup
  find "$new" -mindepth 1 -maxdepth 1 ! -name mysql -exec mv -t /var/lib/mysql {} +
  mv "$new/mysql" /var/lib/mysql/mysql
  rmdir "$new"
fi
exec "$@"
