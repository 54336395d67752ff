import { randomBytes } from 'node:crypto'
import { join } from 'node:path'

/** What a Gitea is configured for. */
export interface GiteaPlace {
  /** All it writes is in here. */
  folder: string
  /** Of 127.0.0.1. */
  port: number
}

export const giteaUrl = ({ port }: GiteaPlace): string => `http://127.0.0.1:${port}`

/** The configuration of a Gitea that nobody else can reach, with secrets of its own. */
export function giteaIni(place: GiteaPlace, statics: string): string {
  const { folder, port } = place
  const secret = () => randomBytes(32).toString('base64url')
  return `APP_NAME = cc-ci dev host
RUN_MODE = prod
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
WORK_PATH = ${folder}

[server]
PROTOCOL = http
HTTP_ADDR = 127.0.0.1
HTTP_PORT = ${port}
ROOT_URL = ${giteaUrl(place)}/
STATIC_ROOT_PATH = ${statics}
APP_DATA_PATH = ${join(folder, 'data')}
DISABLE_SSH = true
OFFLINE_MODE = true
LFS_START_SERVER = false

[database]
DB_TYPE = sqlite3
PATH = ${join(folder, 'gitea.db')}
SQLITE_JOURNAL_MODE = WAL

[repository]
ROOT = ${join(folder, 'repositories')}
DEFAULT_BRANCH = main

[security]
INSTALL_LOCK = true
SECRET_KEY = ${secret()}
INTERNAL_TOKEN = ${secret()}
PASSWORD_HASH_ALGO = pbkdf2$1000$50

[oauth2]
JWT_SECRET = ${secret()}

[service]
DISABLE_REGISTRATION = true
REGISTER_EMAIL_CONFIRM = false

[mailer]
ENABLED = false

[webhook]
ALLOWED_HOST_LIST = loopback

[log]
MODE = console
LEVEL = Warn

[cron]
ENABLED = false

[queue]
TYPE = channel

[indexer]
ISSUE_INDEXER_TYPE = db

[actions]
ENABLED = false
`
}
