import { join } from 'node:path'
import type { GoProgram } from './go-build.ts'

/** The day of its last commit: the Go module of MinIO has no releases that can be asked for by their names. */
const VERSION = '2026-02-12'
const TAG = 'DEVELOPMENT.2026-02-12T20-18-48Z'

/** MinIO with its client, as both are in the official image. */
export const MINIO: GoProgram & { image: string } = {
  name: 'MinIO',
  version: VERSION,
  image: `minio/minio:${VERSION}`,
  folder: join(import.meta.dirname, 'images', 'minio'),
  packages: { minio: 'github.com/minio/minio', mc: 'github.com/minio/mc' },
  link: `-s -w -X github.com/minio/minio/cmd.Version=2026-02-12T20:18:48Z -X github.com/minio/minio/cmd.ReleaseTag=${TAG}`,
}
