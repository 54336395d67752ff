import type { ExecResult } from '../../docker/exec.ts'
import { hasNoProgram, lastLines } from '../../docker/exec.ts'
import type { Helper } from '../../docker/helper.ts'
import { CcciError } from '../../errors.ts'

/** The helper image has no restic. */
export class ResticMissingError extends CcciError {}

/** restic itself failed: its repository, not the app. */
export class ResticError extends CcciError {}

/** Where the repository's volume stands in the helper. */
export const REPOSITORY = '/repository'

/** One thing in a snapshot. */
export interface SavedNode {
  type: string
  size: number
}

/** What `restic backup` could not read, by path; empty when it saved all. */
export interface Saved {
  id: string
  unread: string[]
  output: string
}

interface ResticLine {
  message_type?: string
  snapshot_id?: string
  item?: string
  struct_type?: string
  path?: string
  type?: string
  size?: number
}

/** `restic backup` saved a snapshot and could not read all (restic's manual, "Exit status codes"). */
const INCOMPLETE = 3

/** Names that are not UTF-8 are decoded a little differently by restic and by Node. */
export const comparable = (path: string): string => path.replace(/\ufffd+/g, '\ufffd')

/** The commands of restic that a backup needs, run in a helper that has the repository at {@link REPOSITORY}. */
export class ResticRepository {
  readonly #helper: Pick<Helper, 'exec'>
  readonly #env: Record<string, string>
  readonly #timeoutMs: number

  constructor(helper: Pick<Helper, 'exec'>, password: string, timeoutMs: number) {
    this.#helper = helper
    this.#env = { RESTIC_REPOSITORY: REPOSITORY, RESTIC_PASSWORD: password }
    this.#timeoutMs = timeoutMs
  }

  /** Makes the repository: a copy of the empty one that the image may bring along, or a new one. */
  async init(signal?: AbortSignal): Promise<void> {
    const command = ['sh', '-c', INIT]
    const result = await this.#helper.exec(command, { env: this.#env, timeoutMs: this.#timeoutMs, signal })
    if (result.exitCode !== 0) throw this.#failed('init', result)
  }

  async backup(paths: string[], labels: { host: string; tag: string }, signal?: AbortSignal): Promise<Saved> {
    const args = ['backup', '--json', '--quiet', '--host', labels.host, '--tag', labels.tag, '--', ...paths]
    const result = await this.#restic(args, signal, [0, INCOMPLETE])
    const lines = parseLines(`${result.stdout}\n${result.stderr}`)
    const id = lines.find((line) => line.message_type === 'summary')?.snapshot_id
    if (!id) throw this.#failed('backup', result)
    const unread = lines.filter((line) => line.message_type === 'error').map((line) => line.item ?? '')
    if (result.exitCode === INCOMPLETE && unread.length === 0) unread.push('(restic does not say what)')
    return { id, unread, output: lastLines(result) }
  }

  /** Reads all data of the repository back and compares it with its checksums. */
  async check(signal?: AbortSignal): Promise<void> {
    await this.#restic(['check', '--quiet', '--read-data', '--no-lock'], signal)
  }

  /** Everything in a snapshot, by path. */
  async nodes(id: string, signal?: AbortSignal): Promise<Map<string, SavedNode>> {
    const { stdout } = await this.#restic(['ls', '--json', '--no-lock', id], signal)
    const nodes = parseLines(stdout).filter((line) => line.struct_type === 'node')
    return new Map(nodes.map(({ path = '', type = '', size = 0 }) => [comparable(path), { type, size }]))
  }

  /**
   * The first 128 and the last 4096 bytes of a saved file (all of a shorter one), unpacked before that when `gzip` says
   * so, with the exit code of gzip.
   */
  async ends(id: string, path: string, gzip: boolean, signal?: AbortSignal) {
    const env = { ...this.#env, FILTER: gzip ? 'gzip -dc' : 'cat' }
    const command = ['sh', '-c', ENDS, 'sh', id, path]
    const result = await this.#helper.exec(command, { env, timeoutMs: this.#timeoutMs, signal })
    const [dump, filter] = ['dump', 'filter'].map(
      (part) => new RegExp(`^${part} (\\d+)$`, 'm').exec(result.stderr)?.[1],
    )
    if (dump === undefined || filter === undefined || (dump !== '0' && filter === '0')) {
      throw this.#failed('dump', { ...result, exitCode: Number(dump ?? result.exitCode) })
    }
    return { text: result.stdout, filterCode: Number(filter), output: lastLines({ ...result, stdout: '' }) }
  }

  /** One saved file, whole; a folder comes as a tar archive. */
  async read(id: string, path: string, signal?: AbortSignal): Promise<Buffer> {
    const env = { ...this.#env, FILTER: 'base64' }
    const command = ['sh', '-c', WHOLE, 'sh', id, path]
    const result = await this.#helper.exec(command, { env, timeoutMs: this.#timeoutMs, signal })
    const dump = /^dump (\d+)$/m.exec(result.stderr)?.[1]
    if (dump !== '0') throw this.#failed('dump', { ...result, exitCode: Number(dump ?? result.exitCode) })
    return Buffer.from(result.stdout, 'base64')
  }

  /** Puts a snapshot back where it came from: over what is there; what else is there stays. */
  async restore(id: string, signal?: AbortSignal): Promise<void> {
    await this.#restic(['restore', '--quiet', '--no-lock', '--target', '/', id], signal)
  }

  async #restic(args: string[], signal: AbortSignal | undefined, good = [0]): Promise<ExecResult> {
    const command = ['restic', '--no-cache', ...args]
    const result = await this.#helper.exec(command, { env: this.#env, timeoutMs: this.#timeoutMs, signal })
    if (good.includes(result.exitCode)) return result
    throw this.#failed(args[0] ?? '', result)
  }

  #failed(what: string, result: ExecResult): CcciError {
    const lastSeen = lastLines(result)
    if (hasNoProgram(result)) {
      return new ResticMissingError({
        happened: 'The image of the helper container has no restic.',
        lastSeen,
        todo: 'Name an image with a shell, coreutils and restic: the setting helperImage, or CCCI_HELPER_IMAGE.',
      })
    }
    return new ResticError({ happened: `restic ${what} failed with exit code ${result.exitCode}.`, lastSeen })
  }
}

/** An image with a template has its password, too, in RESTIC_PASSWORD_FILE, which restic prefers to a given one. */
const INIT = `
if [ -d "$CCCI_REPOSITORY_TEMPLATE" ]
then cp -R "$CCCI_REPOSITORY_TEMPLATE/." "$RESTIC_REPOSITORY"
else restic --no-cache init --quiet
fi
`

/** A pipe whose first two exit codes are told on stderr (dash knows no pipefail). */
const WHOLE = `
{ restic --no-cache dump --quiet --no-lock "$1" "$2"; echo "dump $?" >&2; } |
{ $FILTER; echo "filter $?" >&2; }
`
const ENDS = `${WHOLE.trimEnd()} |
{ head -c 128; tail -c 4096; }
`

function parseLines(text: string): ResticLine[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as ResticLine]
      } catch {
        return []
      }
    })
}
