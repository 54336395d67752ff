import type { TestCommit } from '../test-repository.ts'

// Self-written recipes with the shapes of real ones: several in each, as far as they do not disturb each other.

/** Something with a shell that stays. */
const idle = (image: string) => `image: ${image}
    command: [sleep, infinity]
    init: true
    deploy:
      update_config: {order: start-first, monitor: 100ms}`

/** What stands in `.env.sample`, abra.sh, configs and secrets; five compose objects that take values from there. */
export const settings = (image: string): TestCommit[] => [
  {
    version: '1.0.1+2.0-social-amd64',
    files: {
      '.env.sample': `TYPE=another-name
RECIPE=another-name

DOMAIN=settings.example.org
LETS_ENCRYPT_ENV=production

COMPOSE_FILE="$COMPOSE_FILE:compose.mail.yml"
#COMPOSE_FILE="$COMPOSE_FILE:compose.off.yml"
COMPOSE_FILE="\${COMPOSE_FILE}:postgres/compose.postgres.tune.yml"

GREETING="hello $DOMAIN" # on the first page
EXTRA_DOMAINS=', \`www.settings.example.org\`'
LITERAL='$DOMAIN stays'
PRICE=cost\\$5
MAIL=1

SECRET_DB_PASSWORD_VERSION=v1 # length=32
SECRET_APP_KEY_VERSION="v2" # length=64 charset=hex
SECRET_PHRASE_VERSION=v1
SECRET_TOKEN_VERSION=v1 # generate=false
# ENABLE_THIS=1 is how this file ends`,
      'abra.sh': `#!/bin/bash
# Set any config versions here
export PAGE_VERSION=v3
export SCRIPT_VERSION="v4" TUNE_VERSION=v1
export UNUSED_VERSION=v9
export MADE_BY=$(touch executed)

abra_backup_db() {
  export INSIDE=v1
  touch executed
}
touch executed
`,
      'compose.yml': `---
version: "3.8"

services:
  app:
    ${idle(image)}
      labels:
        - "coop-cloud.\${STACK_NAME}.version=1.0.0+2.0-social-amd64"
        - "coop-cloud.\${STACK_NAME}.timeout=\${TIMEOUT:-300}"
    environment:
      - DOMAIN
      - LETS_ENCRYPT_ENV
      - SLOT={{.Task.Slot}} of {{.Service.Name}}
    secrets:
      - db_password
      - source: app_key
        target: /run/keys/app.key
        mode: 0440
      - phrase
      - source: token
        target: api_token
    configs:
      - source: page
        target: /page.html
      - source: script
        target: /script.sh
        mode: 0555

configs:
  page:
    name: \${STACK_NAME}_page_\${PAGE_VERSION:-v1}
    file: page.html.tmpl
    template_driver: golang
  script:
    name: \${STACK_NAME}_script_\${SCRIPT_VERSION}
    file: script.sh

secrets:
  db_password:
    external: true
    name: \${STACK_NAME}_db_password_\${SECRET_DB_PASSWORD_VERSION}
  app_key:
    external: true
    name: \${STACK_NAME}_app_key_\${SECRET_APP_KEY_VERSION}
  phrase:
    external: true
    name: \${STACK_NAME}_phrase_\${SECRET_PHRASE_VERSION}
  token:
    external: true
    name: \${STACK_NAME}_token_\${SECRET_TOKEN_VERSION}
`,
      'compose.mail.yml': `version: "3.8"
services:
  app:
    environment:
      - MAIL_FROM=noreply@\${DOMAIN}
  mail:
    ${idle(image)}
`,
      'compose.off.yml': 'this is no compose file, and nobody asks for it: [',
      'postgres/compose.postgres.tune.yml': `version: "3.8"
services:
  mail:
    configs:
      - source: tune
        target: /tune.conf
configs:
  tune:
    name: \${STACK_NAME}_tune_\${TUNE_VERSION}
    file: ./postgres/tune.conf
`,
      'postgres/tune.conf': 'work_mem = 4MB # {{ not a template }}\n',
      'page.html.tmpl': `{{ env "GREETING" }}
{{ if eq (env "MAIL") "1" }}with mail from {{ env "MAIL_FROM" }}{{ else }}without mail{{ end }}
{{ secret "db_password" }}
`,
      'script.sh': '#!/bin/sh\necho "{{ $1 }}"\n',
      '.drone.yml': 'name: {{ .Name }}\n',
    },
  },
]

const ROUTERS = Array.from(
  { length: 10 },
  (_, at) => `
        - "traefik.http.routers.\${STACK_NAME}-r${at}.rule=Host(\`\${DOMAIN}\`) && PathPrefix(\`/r${at}\`)"`,
)

/** What stands in compose files. There is no abra.sh, and the tag is lightweight. */
export const composed = (image: string): TestCommit[] => [
  {
    version: '1.0.0+1',
    tag: 'lightweight',
    files: {
      '.env.sample': `TYPE=composed
DOMAIN=composed.example.org
LETS_ENCRYPT_ENV=production
EMPTY=
#HTTP_PORT=8080
`,
      'compose.yml': `
services:
  app:
    image: nginx:1.22.1
    labels:
      - "backupbot.backup=true"
    environment:
      UNSET_DEFAULT: \${UNSET:-one}
      EMPTY_DEFAULT: \${EMPTY:-two}
      EMPTY_KEPT: "<\${EMPTY-three}>"
      NESTED: \${UNSET:-\${DOMAIN}}
      DOLLARS: $$5 and $\${1}
    ports:
      - target: 80
        published: \${HTTP_PORT:-8080}
        mode: host
    deploy:
      update_config:
        failure_action: rollback
        order: start-first
      labels:
        - "coop-cloud.\${STACK_NAME}.version=1.0.0+1"${ROUTERS.join('')}
        - "traefik.tcp.routers.\${STACK_NAME}-ssh.rule=HostSNI(\`*\`)"
        - "traefik.tcp.services.\${STACK_NAME}-ssh.loadbalancer.server.port=2222"
        - "traefik.http.middlewares.\${STACK_NAME}-www.redirectregex.replacement=https://\${DOMAIN}/$\${1}"
  web:
    stop_grace_period: \${GRACE:-3s}
    ${idle(image)}
      labels:
        written.as: a map
        number: 7
        filled: \${UNSET:-in}
  cron:
    ${idle(image)}
      replicas: 0
      labels:
        - "swarm.cronjob.enable=true"
        - "swarm.cronjob.schedule=0 3 * * *"
`,
    },
  },
]

const versioned = (version: string, image: string, overlay: string | undefined, list: string): TestCommit => ({
  version,
  files: {
    '.env.sample': `TYPE=versioned\nDOMAIN=versioned.example.org\nLETS_ENCRYPT_ENV=\nCOMPOSE_FILE="${list}"\n`,
    'compose.yml': `version: "3.8"
services:
  app:
    ${idle(image)}
      labels: ["coop-cloud.\${STACK_NAME}.version=${version}"]
`,
    'compose.old.yml': overlay,
  },
})

const OLD = 'version: "3.8"\nservices: {app: {environment: [OLD=yes]}}\n'

/** Two versions, of which the second has lost an overlay, and a head without a compose file. */
export const versions = (image: string): TestCommit[] => [
  versioned('1.10.0+1.0.6-social-amd64', image, OLD, 'compose.yml:compose.old.yml'),
  versioned('2.0.0+1.0.6-social-amd64', image, undefined, 'compose.yml'),
  { files: { 'compose.yml': undefined } },
]
