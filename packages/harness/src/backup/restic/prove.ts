import type { BackupSnapshot } from '../backup.ts'
import { checkDump } from '../dumps.ts'
import type { LiveFile } from '../live-files.ts'
import type { Source } from '../sources.ts'
import { checkSaved, listedFiles, TruncatedBackupError } from '../verify.ts'
import { comparable, type ResticRepository, type Saved } from './repository.ts'

/** What restic said it saved, and what stood in the volumes before and after it read them. */
export interface SaveAttempt {
  saved: Saved
  before: Map<string, LiveFile>
  after: Map<string, LiveFile>
}

/**
 * Proves that a snapshot holds what it should, by reading it back: all its data, its list of files, its dumps.
 *
 * @throws {EmptyBackupError | TruncatedBackupError | ResticError}
 */
export async function prove(
  repository: ResticRepository,
  sources: Source[],
  { saved, before, after }: SaveAttempt,
  signal: AbortSignal,
): Promise<Pick<BackupSnapshot, 'files' | 'bytes' | 'perVolume'>> {
  checkRead(saved, before, after)
  const [nodes] = await Promise.all([repository.nodes(saved.id, signal), repository.check(signal)])
  const measured = checkSaved(sources, { before: byName(before), after: byName(after) }, nodes)
  await Promise.all(
    listedFiles(sources, before).map((file) =>
      checkDump(file, (gzip) => repository.ends(saved.id, file.path, gzip, signal)),
    ),
  )
  return measured
}

const byName = (files: Map<string, LiveFile>): Map<string, LiveFile> =>
  new Map([...files].map(([path, file]) => [comparable(path), file]))

/** What could not be read is lacking, unless the app itself deleted it meanwhile. */
function checkRead(saved: Saved, before: Map<string, LiveFile>, after: Map<string, LiveFile>): void {
  const lacking = saved.unread.filter((path) => after.has(path) || !before.has(path))
  if (lacking.length === 0) return
  throw new TruncatedBackupError({
    happened: `restic could not read all that it was to save: ${lacking.slice(0, 5).join(', ')}.`,
    lastSeen: saved.output,
  })
}
