import { randomBytes } from 'node:crypto'
import { posix } from 'node:path'
import type Docker from 'dockerode'
import { type Helper, openHelper } from '../../docker/helper.ts'
import { HELPER_LABEL } from '../../docker/labels.ts'
import { insideVolume } from '../../docker/volume-files.ts'
import { RecipeError } from '../../errors.ts'
import { learnSecret } from '../../redact/secrets.ts'
import type { Backup, BackupSnapshot, BackupTarget } from '../backup.ts'
import { type HookClocks, runHooks } from '../hooks.ts'
import { liveFiles } from '../live-files.ts'
import { presentSources, type Source, sourcesOf, VOLUMES } from '../sources.ts'
import { checkPresent } from '../verify.ts'
import { prove } from './prove.ts'
import { REPOSITORY, ResticRepository } from './repository.ts'

/** The snapshot holds a volume that the app does not have (any more). */
export class RestoreTargetMissingError extends RecipeError {}

export interface ResticOptions {
  /** The setting `helperImage`. */
  image: string
  /** The Docker volume for the repository; made here, removed by the caller. */
  repositoryVolume: string
  /** For the repository volume and the helper containers, which also get the label of the stack whose volumes they hold. */
  labels: Record<string, string>
  /** Milliseconds one restic command may take. Default: 30 minutes. */
  resticTimeoutMs?: number
  /** Milliseconds one hook may take. Default: 10 minutes. */
  hookTimeoutMs?: number
  /** Milliseconds to wait for a hook's container that swarm is just bringing up again. Default: 30 s. */
  containerTimeoutMs?: number
}

/**
 * Backups with restic, in a helper container that has the app's volumes at `/volumes/<volume>` (read-only while saving).
 * Honours the labels as backup-bot-two does. The repository is made with the first backup.
 */
export function openResticBackup(docker: Docker, options: ResticOptions): Backup {
  return new ResticBackup(docker, options)
}

/** A helper that holds an app's volumes goes when the app's stack goes. */
const ofStack = ({ stack }: BackupTarget): Record<string, string> => ({ [HELPER_LABEL]: stack })

class ResticBackup implements Backup {
  readonly #docker: Docker
  readonly #options: ResticOptions
  readonly #clocks: HookClocks
  readonly #password = randomBytes(24).toString('base64url')
  readonly #closing = new AbortController()
  readonly #running = new Set<Promise<unknown>>()
  #ready: Promise<void> | undefined

  constructor(docker: Docker, options: ResticOptions) {
    this.#docker = docker
    this.#options = options
    this.#clocks = {
      hookMs: options.hookTimeoutMs ?? 600_000,
      containerMs: options.containerTimeoutMs ?? 30_000,
    }
    learnSecret(this.#password)
  }

  async create(target: BackupTarget, outer?: AbortSignal): Promise<BackupSnapshot> {
    const started = performance.now()
    const signal = this.#signal(outer)
    const sources = await presentSources(this.#docker, target)
    const { repositoryVolume, labels } = this.#options
    await this.#docker.createVolume({ Name: repositoryVolume, Labels: labels })
    const snapshot = await this.#withHelper(sources, true, ofStack(target), signal, async (helper, repository) => {
      this.#ready ??= repository.init(signal)
      await this.#ready
      const live = await this.#betweenHooks(target, signal, async () => {
        const paths = sources.flatMap((source) => source.paths)
        const before = await liveFiles(helper, paths, signal)
        checkPresent(sources, before)
        const saved = await repository.backup(paths, { host: target.stack, tag: target.runId }, signal)
        return { saved, before, after: await liveFiles(helper, paths, signal) }
      })
      return { id: live.saved.id, ...(await prove(repository, sources, live, signal)) }
    })
    return { ...snapshot, durationMs: Math.round(performance.now() - started) }
  }

  async restore(target: BackupTarget, snapshot: BackupSnapshot, outer?: AbortSignal): Promise<void> {
    const signal = this.#signal(outer)
    const saved = new Set(Object.keys(snapshot.perVolume))
    const sources = sourcesOf(target).filter(({ volume }) => saved.delete(volume))
    if (saved.size > 0) {
      // restic would write such a volume's files into the helper container, and say that all is well.
      throw new RestoreTargetMissingError({
        happened: `The snapshot holds ${[...saved].join(', ')}, which ${target.stack} does not have.`,
        todo: 'Restore into the version that was backed up.',
      })
    }
    await this.#withHelper(sources, false, ofStack(target), signal, async (_, repository) => {
      await runHooks(this.#docker, target, 'restore.pre', this.#clocks, signal)
      await repository.restore(snapshot.id, signal)
    })
    await runHooks(this.#docker, target, 'restore.post', this.#clocks, signal)
  }

  async read(snapshot: BackupSnapshot, volume: string, path: string, outer?: AbortSignal): Promise<Buffer> {
    const signal = this.#signal(outer)
    const saved = insideVolume(posix.join(VOLUMES, volume), path)
    return await this.#withHelper([], false, {}, signal, (_, repository) => repository.read(snapshot.id, saved, signal))
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the backup was closed'))
    await Promise.allSettled(this.#running)
  }

  /** Post-hooks undo what pre-hooks did (a lock, a dump): they run whatever happened, but not when the run is aborted. */
  async #betweenHooks<T>(target: BackupTarget, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    let done: { result: T } | { error: unknown }
    try {
      await runHooks(this.#docker, target, 'backup.pre', this.#clocks, signal)
      done = { result: await work() }
    } catch (error) {
      done = { error }
    }
    if (signal.aborted) signal.throwIfAborted()
    const post = runHooks(this.#docker, target, 'backup.post', this.#clocks, signal)
    if ('error' in done) {
      await post.catch(() => {})
      throw done.error
    }
    await post
    return done.result
  }

  async #withHelper<T>(
    sources: Source[],
    readOnly: boolean,
    labels: Record<string, string>,
    signal: AbortSignal,
    work: (helper: Helper, repository: ResticRepository) => Promise<T>,
  ): Promise<T> {
    const running = this.#inHelper(sources, readOnly, labels, signal, work)
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }

  async #inHelper<T>(
    sources: Source[],
    readOnly: boolean,
    labels: Record<string, string>,
    signal: AbortSignal,
    work: (helper: Helper, repository: ResticRepository) => Promise<T>,
  ): Promise<T> {
    const { image, repositoryVolume, resticTimeoutMs = 1_800_000 } = this.#options
    const volumes = sources.map(({ volume, root }) => ({ name: volume, target: root, readOnly }))
    const repository = { name: repositoryVolume, target: REPOSITORY, readOnly: false }
    const helper = await openHelper(this.#docker, {
      image,
      labels: { ...this.#options.labels, ...labels },
      volumes: [...volumes, repository],
      signal,
    })
    try {
      return await work(helper, new ResticRepository(helper, this.#password, resticTimeoutMs))
    } finally {
      await helper.close()
    }
  }

  #signal(outer: AbortSignal | undefined): AbortSignal {
    return outer ? AbortSignal.any([outer, this.#closing.signal]) : this.#closing.signal
  }
}
