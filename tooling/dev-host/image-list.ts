import { join } from 'node:path'
import type { Extra } from './extras.ts'
import type { GoProgram } from './go-build.ts'
import { MINIO } from './minio.ts'

/** One of the images that a dev host builds from packages. */
export interface ImageName {
  /** Its folder under `images/`, and its repository under `cc-ci/`. */
  name: string
  /** The names it is used by, besides `cc-ci/<name>:<content hash>` and `cc-ci/<name>:latest`. */
  alias?: string
  /** The image it stands on, when that is not `base`. */
  from?: string
  /** The share of one processor that its build may use. Default: all there is. */
  processor?: number
  /** Further build arguments. */
  args?: Record<string, string>
  /** Milliseconds that its build may take. Default: a quarter of an hour. */
  timeoutMs?: number
  /** Its build asks the registry of npm packages that this machine uses. */
  npm?: true
  /** Built beforehand, and then beside the other files of its folder. */
  program?: GoProgram
  /** It is built only where this was asked for. */
  extra?: Extra
}

/** In the order they are built: each may stand on those before it. `base` comes from packages alone. */
export const IMAGES: readonly ImageName[] = [
  { name: 'base' },
  { name: 'nginx', alias: 'nginx:1.22.1' },
  { name: 'restic' },
  { name: 'helper', from: 'restic', processor: 0.02 },
  { name: 'caddy', alias: 'caddy:2.6.2' },
  { name: 'mariadb', alias: 'mariadb:10.11', extra: 'keycloak' },
  { name: 'keycloak', alias: 'keycloak/keycloak:26.4.7', extra: 'keycloak' },
  { name: 'node', npm: true, extra: 'n8n' },
  {
    name: 'n8n',
    alias: 'n8nio/n8n:2.41.1',
    from: 'node',
    args: { VERSION: '2.41.1' },
    npm: true,
    timeoutMs: 40 * 60_000,
    extra: 'n8n',
  },
  { name: 'minio', alias: MINIO.image, program: MINIO, extra: 'minio' },
]

/** Where what it is built from stands. */
export const folderOf = ({ name }: ImageName): string => join(import.meta.dirname, 'images', name)
