import { RecipeError } from '../errors.ts'
import type { BackupSnapshot } from './backup.ts'
import type { LiveFile } from './live-files.ts'
import type { Source } from './sources.ts'

/** The backup succeeded and holds nothing of what it was to save. */
export class EmptyBackupError extends RecipeError {}

/** The backup succeeded and lacks a part of what it was to save. */
export class TruncatedBackupError extends RecipeError {}

/** What a snapshot holds, by path: type `file`, `dir`, `symlink` … and bytes. */
export type SavedFiles = Map<string, { type: string; size: number }>

/** Files, folders and symbolic links; sockets, which databases leave beside their data, are rightly not saved. */
const SAVED_TYPES = new Set(['f', 'd', 'l'])

const named = (paths: string[]): string =>
  paths.slice(0, 5).join(', ') + (paths.length > 5 ? ` and ${paths.length - 5} more` : '')

/** The path as a recipe's author knows it: volume and path in it. */
const told = (source: Source, path: string): string => `${source.volume}:${path.slice(source.root.length) || '/'}`

/**
 * Checks that each path in the labels is there to be saved; after the pre-hooks, since these write the dumps.
 *
 * @throws {EmptyBackupError}
 */
export function checkPresent(sources: Source[], live: Map<string, LiveFile>): void {
  for (const source of sources) {
    const absent = source.paths.filter((path) => !live.has(path))
    if (absent.length === 0) continue
    throw new EmptyBackupError({
      happened: `The labels say that ${named(absent.map((path) => told(source, path)))} is backed up, and there is no such file.`,
      todo: "Check the path in backupbot.backup.volumes.<volume>.path (relative to the volume's root), and that the pre-hook writes it there.",
    })
  }
}

/** The regular files that the labels name one by one: dumps. */
export function listedFiles(sources: Source[], live: Map<string, LiveFile>): { path: string; told: string }[] {
  return sources
    .filter(({ limited }) => limited)
    .flatMap((source) => source.paths.map((path) => ({ path, told: told(source, path) })))
    .filter(({ path }) => live.get(path)?.type !== 'd')
}

/**
 * Compares what was saved with what stood in the volumes before and after.
 *
 * @throws {EmptyBackupError | TruncatedBackupError}
 */
export function checkSaved(
  sources: Source[],
  live: { before: Map<string, LiveFile>; after: Map<string, LiveFile> },
  saved: SavedFiles,
): Pick<BackupSnapshot, 'files' | 'bytes' | 'perVolume'> {
  for (const { path, told } of listedFiles(sources, live.before)) {
    const node = saved.get(path)
    if (node?.type === 'file' && node.size > 0) continue
    throw new EmptyBackupError({
      happened: `${told}, which the labels name, was saved ${node?.type === 'symlink' ? 'as a mere symbolic link' : 'empty'}.`,
      todo: 'See the pre-hook that writes it: does it fail without an exit code, or write elsewhere?',
    })
  }
  checkWhole(live, saved)
  return measure(sources, saved)
}

function checkWhole(live: { before: Map<string, LiveFile>; after: Map<string, LiveFile> }, saved: SavedFiles): void {
  const short: string[] = []
  for (const [path, file] of live.before) {
    if (!SAVED_TYPES.has(file.type) || live.after.get(path)?.stamp !== file.stamp) continue
    const node = saved.get(path)
    if (!node) short.push(`${path} (missing)`)
    else if (file.type === 'f' && node.size < file.size) short.push(`${path} (${node.size} of ${file.size} bytes)`)
  }
  if (short.length === 0) return
  throw new TruncatedBackupError({
    happened: `The snapshot lacks what stood in the volumes, unchanged, before and after: ${named(short)}.`,
  })
}

function measure(sources: Source[], saved: SavedFiles): Pick<BackupSnapshot, 'files' | 'bytes' | 'perVolume'> {
  const perVolume: BackupSnapshot['perVolume'] = {}
  for (const { volume, root } of sources) {
    const sizes = [...saved]
      .filter(([path, node]) => node.type === 'file' && path.startsWith(`${root}/`))
      .map(([, node]) => node.size)
    perVolume[volume] = { files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) }
  }
  const all = Object.values(perVolume)
  const files = all.reduce((sum, volume) => sum + volume.files, 0)
  const bytes = all.reduce((sum, volume) => sum + volume.bytes, 0)
  if (files > 0 && bytes > 0) return { files, bytes, perVolume }
  throw new EmptyBackupError({
    happened: `The backup succeeded and holds ${files === 0 ? 'not one file' : `${files} files without a single byte`}.`,
    lastSeen: `saved volumes: ${sources.map(({ volume }) => volume).join(', ')}`,
    todo: "Do these volumes hold the app's data? Is the one that does excluded by a label?",
  })
}
