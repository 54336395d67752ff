import { posix } from 'node:path'
import type Docker from 'dockerode'
import { lastLines } from '../../docker/exec.ts'
import { openHelper } from '../../docker/helper.ts'
import { HELPER_LABEL } from '../../docker/labels.ts'
import { insideVolume } from '../../docker/volume-files.ts'
import { type AbraSettings, callAbra } from '../../engine/abra/abra.ts'
import { AbraError } from '../../engine/abra/errors.ts'
import type { Backup, BackupSnapshot, BackupTarget } from '../backup.ts'
import { checkDump } from '../dumps.ts'
import { type LiveFile, liveFiles } from '../live-files.ts'
import { comparable, ResticRepository } from '../restic/repository.ts'
import { presentSources, type Source, sourcesOf, VOLUMES } from '../sources.ts'
import { checkSaved, listedFiles } from '../verify.ts'
import { findBot, insideBot } from './bot.ts'
import { savedInBot } from './saved-paths.ts'

export interface BackupBotOptions {
  abra: AbraSettings
  /** The app's domain, by which abra knows it. */
  domain: string
  /** The settings `abraBackup` and `abraRestore`: abra's words, with `{domain}` and `{snapshot}` in them. */
  commands: { create: string; restore: string }
  /** The setting `helperImage`: in it, volumes are looked at. */
  image: string
  /** For the helper containers. */
  labels: Record<string, string>
  /** Milliseconds one backup or restore may take. Default: 30 minutes. */
  timeoutMs?: number
}

/** How long the bot may take to forget what a run has made (ms): a run that ends waits no longer for its helpers. */
const FORGET_MS = 8_000

/**
 * Backups with the host's backup-bot-two, called through abra. The bot runs the hooks and knows its repository; what it has
 * saved is looked at with the restic in its container, and compared with what stands in the volumes. `close` lets it forget
 * the snapshots again.
 */
export function openBackupBot(docker: Docker, options: BackupBotOptions): Backup {
  return new BackupBot(docker, options)
}

class BackupBot implements Backup {
  readonly #docker: Docker
  readonly #options: BackupBotOptions
  readonly #closing = new AbortController()
  readonly #made: string[] = []

  constructor(docker: Docker, options: BackupBotOptions) {
    this.#docker = docker
    this.#options = options
  }

  async create(target: BackupTarget, outer?: AbortSignal): Promise<BackupSnapshot> {
    const started = performance.now()
    const signal = this.#signal(outer)
    const repository = await this.#repository()
    const sources = await presentSources(this.#docker, target)
    const before = await this.#look(target, sources, signal)
    const id = snapshotId(await this.#call(this.#options.commands.create, '', signal))
    this.#made.push(id)
    const after = await this.#look(target, sources, signal)
    const saved = savedInBot(await repository.nodes(id, signal), sources)
    const measured = checkSaved(sources, { before, after }, saved.files)
    for (const file of listedFiles(sources, after)) {
      await checkDump(file, (gzip) => repository.ends(id, saved.inSnapshot(file.path), gzip, signal))
    }
    return { id, ...measured, durationMs: Math.round(performance.now() - started) }
  }

  async restore(_target: BackupTarget, snapshot: BackupSnapshot, outer?: AbortSignal): Promise<void> {
    await findBot(this.#docker)
    await this.#call(this.#options.commands.restore, snapshot.id, this.#signal(outer))
  }

  async read(snapshot: BackupSnapshot, volume: string, path: string, outer?: AbortSignal): Promise<Buffer> {
    const signal = this.#signal(outer)
    const repository = await this.#repository()
    const root = posix.join(VOLUMES, volume)
    const saved = savedInBot(await repository.nodes(snapshot.id, signal), [{ volume, root }])
    return await repository.read(snapshot.id, saved.inSnapshot(insideVolume(root, path)), signal)
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the backup was closed'))
    const ids = this.#made.splice(0)
    if (ids.length === 0) return
    // Test data: the bot has no use for it. What a killed run made, the bot's own retention takes.
    const bot = await findBot(this.#docker)
    const result = await insideBot(this.#docker, bot).exec(['restic', 'forget', ...ids], { timeoutMs: FORGET_MS })
    if (result.exitCode === 0) return
    throw new AbraError({
      happened: `The bot does not forget the snapshots of this run: ${ids.join(', ')}.`,
      lastSeen: lastLines(result),
      todo: 'In its container: restic forget with these ids. Its own retention takes them, too.',
    })
  }

  async #call(command: string, snapshot: string, signal: AbortSignal): Promise<string> {
    const { abra, domain, timeoutMs = 1_800_000 } = this.#options
    const words = command.split(' ').map((word) => word.replace('{domain}', domain).replace('{snapshot}', snapshot))
    // As they are: without -C -o abra would fetch and move checkouts in the middle of a run.
    return await callAbra(abra, [...words, '-C', '-o'], { terminal: true, signal, timeoutMs })
  }

  async #repository(): Promise<ResticRepository> {
    const bot = insideBot(this.#docker, await findBot(this.#docker))
    return new ResticRepository(bot, '', this.#options.timeoutMs ?? 1_800_000)
  }

  async #look(target: BackupTarget, sources: Source[], signal: AbortSignal): Promise<Map<string, LiveFile>> {
    const { image, labels } = this.#options
    const helper = await openHelper(this.#docker, {
      image,
      labels: { ...labels, [HELPER_LABEL]: target.stack },
      volumes: sources.map(({ volume, root }) => ({ name: volume, target: root, readOnly: true })),
      signal,
    })
    try {
      const paths = sourcesOf(target).flatMap((source) => source.paths)
      const files = await liveFiles(helper, paths, signal)
      return new Map([...files].map(([path, file]) => [comparable(path), file]))
    } finally {
      await helper.close()
    }
  }

  #signal(outer: AbortSignal | undefined): AbortSignal {
    return outer ? AbortSignal.any([outer, this.#closing.signal]) : this.#closing.signal
  }
}

/**
 * The id of the snapshot in what a backup printed: the last one that is called so.
 *
 * @throws {AbraError}
 */
export function snapshotId(output: string): string {
  const ids = [...output.matchAll(/snapshot(?:[_ ]?id)?["']?\s*[:=]?\s*["']?([0-9a-f]{8,64})\b/gi)]
  const id = ids.at(-1)?.[1]
  if (id !== undefined) return id
  throw new AbraError({
    happened: 'abra made a backup and named no snapshot.',
    lastSeen: output.trim().split('\n').slice(-12).join('\n') || 'it printed nothing',
    todo: 'Did the bot save anything? Its logs tell: abra app logs of backup-bot-two.',
  })
}
