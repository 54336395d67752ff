import type { Readable } from 'node:stream'
import type Docker from 'dockerode'
import type { ExecResult } from '../docker/exec.ts'
import { lastLines } from '../docker/exec.ts'
import type { Helper } from '../docker/helper.ts'
import { SnapshotToolsMissingError } from './errors.ts'
import { streamExec } from './exec-stream.ts'
import type { SnapshotVolume } from './manifest.ts'

/** Where volumes stand in the helper container, each under its name. */
export const rootOf = (volume: string): string => `/volumes/${volume}`

const KEEPING = "--xattrs --xattrs-include='*' --acls --numeric-owner"

/** The pax format is what has room for nanoseconds, xattrs and any size; times that reading changes are left out of it. */
const PACK = `
cd -- "$1" || exit
[ -z "$2" ] || exec > "$2" || exit
{ tar --create --file=- --format=posix --pax-option=delete=atime,delete=ctime --sparse --one-file-system ${KEEPING} .
  echo "tar $?" >&2; } | zstd -1 -T0 --quiet --stdout
echo "zstd $?" >&2
`

const UNPACK = `
cd -- "$1" || exit
find . -mindepth 1 -delete || exit
{ zstd --decompress --quiet --stdout
  echo "zstd $?" >&2; } | tar --extract --file=- --preserve-permissions --same-owner --delay-directory-restore ${KEEPING}
echo "tar $?" >&2
`

/** Sockets are left out as tar leaves them out: without the process that listens they are nothing. */
const COUNT = `
set -e
cd -- "$1"
find . -xdev ! -type s -printf '%y\\n' | sort | uniq -c
`

const PROBE = `
zstd --version && tar --version && tar --create --file=/dev/null ${KEEPING} /dev/null
`

/**
 * Checks that the helper image can pack and unpack with everything that a file has.
 *
 * @throws {SnapshotToolsMissingError}
 */
export async function probeTools(helper: Helper, image: string, signal: AbortSignal): Promise<void> {
  const result = await helper.exec(['sh', '-c', PROBE], { signal })
  const text = lastLines(result)
  const able = result.exitCode === 0 && /GNU tar/.test(result.stdout) && !/not available|not supported/.test(text)
  if (!able) throw new SnapshotToolsMissingError(image, text)
}

/** How many files of which type a volume has: its metadata is read, its content is not. */
export async function countFiles(
  helper: Helper,
  volume: string,
  options: { timeoutMs: number; signal: AbortSignal },
): Promise<SnapshotVolume['files']> {
  const { stdout } = await helper.execOk(['sh', '-c', COUNT, 'sh', rootOf(volume)], options)
  const lines = stdout.trim().split('\n').filter(Boolean)
  return Object.fromEntries(
    lines.map((line) => {
      const [count, type = '?'] = line.trim().split(' ')
      return [type, Number(count)]
    }),
  )
}

/**
 * Packs a volume into `file` in the helper, or hands the archive on as it is made. @returns what went wrong, or nothing.
 */
export async function pack(
  docker: Docker,
  helper: Helper,
  volume: string,
  to: { signal: AbortSignal; file?: string; output?: (piece: Buffer) => Promise<void> },
): Promise<string | undefined> {
  const { file = '', ...options } = to
  return failureIn(await streamExec(docker, helper.id, ['sh', '-c', PACK, 'sh', rootOf(volume), file], options))
}

/** Empties a volume and unpacks an archive into it. @returns what went wrong, or nothing. */
export async function unpack(
  docker: Docker,
  helper: Helper,
  volume: string,
  options: { input: Readable; signal: AbortSignal },
): Promise<string | undefined> {
  return failureIn(await streamExec(docker, helper.id, ['sh', '-c', UNPACK, 'sh', rootOf(volume)], options))
}

/** Of a pipe, the shell tells only the last program's exit code: each tells its own, and all must be 0. */
function failureIn(result: ExecResult): string | undefined {
  const codes = ['tar', 'zstd'].map((program) => new RegExp(`^${program} (\\d+)$`, 'm').exec(result.stderr)?.[1])
  return result.exitCode === 0 && codes.every((code) => code === '0') ? undefined : lastLines(result)
}
