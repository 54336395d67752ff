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
  /** Its folder, when several images are built from one. */
  folder?: string
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
  n8nImage('2.40.7'),
  n8nImage('2.41.1'),
  { name: 'minio', alias: MINIO.image, program: MINIO, extra: 'minio' },
]

/** n8n of one version; two of them, since its upgrade is to be one. */
function n8nImage(version: string): ImageName {
  const [line] = /^\d+\.\d+/.exec(version) ?? []
  const args = { VERSION: version }
  return {
    name: `n8n-${line}`,
    alias: `n8nio/n8n:${version}`,
    from: 'node',
    folder: 'n8n',
    args,
    npm: true,
    timeoutMs: 40 * 60_000,
    extra: 'n8n',
  }
}

/** Where what it is built from stands. */
export const folderOf = ({ name, folder }: ImageName): string => join(import.meta.dirname, 'images', folder ?? name)
