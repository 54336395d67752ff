import { posix } from 'node:path'
import { UsageError } from '../errors.ts'
import type { ExecOptions, ExecResult } from './exec.ts'
import { ExecError } from './exec.ts'
import type { Helper } from './helper.ts'

/** A path that leaves the volume it was meant for, or names no file. */
export class VolumePathError extends UsageError {}

/** Files of one volume. Paths are relative to the volume's root; any name that Linux allows is safe. */
export interface VolumeFiles {
  /**
   * Writes a file, with the folders it needs. A new one belongs to whom the nearest existing folder belongs to, so that
   * the app can change it; an existing one keeps owner and mode.
   */
  write(path: string, content: string | Buffer, options?: Pick<ExecOptions, 'signal'>): Promise<void>
  /** The file's text, or nothing when there is no such file. */
  read(path: string, options?: Pick<ExecOptions, 'signal'>): Promise<string | undefined>
  /** Removes a file, or a folder with all in it. Fine when there is none. */
  remove(path: string, options?: Pick<ExecOptions, 'signal'>): Promise<void>
  /** All that is not a folder, in `path` and below, sorted; empty when there is no such folder. */
  list(path?: string, options?: Pick<ExecOptions, 'signal'>): Promise<string[]>
}

const OUTSIDE = 64
const ABSENT = 65

/** Refuses what a symbolic link takes out of the volume ($1) and goes there; $2 is the path to look at. */
const INSIDE = `
set -eu
root=$1 path=$1/$2
real=$(realpath -m -- "$3/."; printf x)
case "\${real%?x}/" in "$root"/*) ;; *) exit ${OUTSIDE} ;; esac
`

const WRITE = `${INSIDE}
base=$(dirname -- "$path"; printf x); base=\${base%?x}
[ ! -L "$path" ] || exit ${OUTSIDE}
if [ -e "$path" ]; then cat > "$path"; exit; fi
have=$base new=$path
while [ ! -e "$have" ]; do new=$have; have=$(dirname -- "$have"; printf x); have=\${have%?x}; done
mkdir -p -- "$base"
cat > "$path"
chown -R --reference="$have" -- "$new"
`

const READ = `${INSIDE}
[ ! -L "$path" ] || exit ${OUTSIDE}
[ -f "$path" ] || exit ${ABSENT}
cat -- "$path"
`

const REMOVE = `${INSIDE}
rm -rf -- "$path"
`

const LIST = `${INSIDE}
[ -d "$path" ] || exit ${ABSENT}
cd -- "$path"
find . ! -type d -printf '%P\\0'
`

/**
 * The path of `path` inside a volume whose root is `root`.
 *
 * @throws {VolumePathError} when it leaves the volume.
 */
export function insideVolume(root: string, path: string): string {
  const joined = posix.join(root, path)
  if (path.includes('\0') || (joined !== root && !joined.startsWith(`${root}/`))) {
    throw new VolumePathError({
      happened: `${JSON.stringify(path)} is not a path inside the volume.`,
      todo: "Give a path relative to the volume's root, without a way out of it.",
    })
  }
  return joined.length > root.length && joined.endsWith('/') ? joined.slice(0, -1) : joined
}

/** Small file operations in the volume that stands at `root` in the helper. */
export function volumeFiles(helper: Helper, root: string): VolumeFiles {
  async function script(text: string, path: string, options: ExecOptions, file: boolean): Promise<ExecResult> {
    const whole = insideVolume(root, path)
    if (file && whole === root) {
      throw new VolumePathError({ happened: `${JSON.stringify(path)} names the volume itself, not a file in it.` })
    }
    const looked = file ? posix.dirname(whole) : whole
    const command = ['sh', '-c', text, 'sh', root, posix.relative(root, whole), looked]
    const result = await helper.exec(command, options)
    if (result.exitCode === OUTSIDE) {
      throw new VolumePathError({
        happened: `${JSON.stringify(path)} is or goes through a symbolic link, which may lead out of the volume.`,
        todo: 'Name the file it leads to.',
      })
    }
    if (result.exitCode === 0 || result.exitCode === ABSENT) return result
    throw new ExecError(['access', path], result, 'the volume')
  }
  return {
    async write(path, content, options = {}) {
      await script(WRITE, path, { ...options, input: content }, true)
    },
    async read(path, options = {}) {
      const { exitCode, stdout } = await script(READ, path, options, true)
      return exitCode === ABSENT ? undefined : stdout
    },
    async remove(path, options = {}) {
      await script(REMOVE, path, options, true)
    },
    async list(path = '', options = {}) {
      const { exitCode, stdout } = await script(LIST, path, options, false)
      const names = exitCode === ABSENT ? [] : stdout.split('\0').filter(Boolean)
      return names.map((name) => posix.join(path || '.', name)).sort()
    },
  }
}
