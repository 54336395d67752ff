import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { writeAtomically } from '../../files/write.ts'
import { readSnapshotFiles } from '../../snapshot/intact.ts'
import type { SnapshotManifest } from '../../snapshot/manifest.ts'
import { type KeptSecret, keptSecrets } from './secrets.ts'

/** How a canonical was made. */
const made = z.object({
  how: z.enum(['fresh', 'upgraded']),
  from: z.string().optional(),
  runId: z.string(),
  at: z.iso.datetime(),
})

/** What the snapshot itself does not say. */
const about = z.object({ recipe: z.string(), domain: z.string(), made })

export type CanonicalMade = z.infer<typeof made>

/** What the registry says of a canonical. */
export interface CanonicalEntry {
  recipe: string
  name: string
  version: string
  commit: string
  stack: string
  domain: string
  made: CanonicalMade
  /** When its snapshot was taken. */
  takenAt: string
}

/** The known-good: what is in force, and all that belongs to it. */
export interface KnownGood {
  entry: CanonicalEntry
  manifest: SnapshotManifest
  /** The text of the app's `.env`. */
  env: string
  secrets: KeptSecret[]
}

/** The files beside the archives of a canonical's snapshot. */
const FILES = { about: 'canonical.json', env: 'app.env', secrets: 'secrets.json' } as const

/** They come into force in one rename with the volumes: nothing else says what the known-good is. */
export const besideOf = (
  what: z.infer<typeof about>,
  env: string,
  secrets: readonly KeptSecret[],
): Record<string, string> => ({
  [FILES.about]: JSON.stringify(about.parse(what)),
  [FILES.env]: env,
  [FILES.secrets]: JSON.stringify(secrets),
})

/**
 * The known-good of a canonical, from the snapshot in force; nothing when there is none, or one of something else.
 *
 * @throws {SnapshotDamagedError}
 */
export function readKnownGood(stateDir: string, name: string): KnownGood | undefined {
  const found = readSnapshotFiles(stateDir, name)
  const text = found?.files[FILES.about]
  if (!found || text === undefined) return undefined
  const { manifest, files } = found
  const { recipe, domain, made } = about.parse(JSON.parse(text))
  const { version, commit, stack, takenAt } = manifest
  return {
    entry: { recipe, name, version, commit, stack, domain, made, takenAt },
    manifest,
    env: files[FILES.env] ?? '',
    secrets: keptSecrets.parse(JSON.parse(files[FILES.secrets] ?? '[]')),
  }
}

const REGISTRY = 'canonical.json'

/** Writes what others read without knowing snapshots; it follows what is in force. */
export function writeEntry(folder: string, entry: CanonicalEntry): void {
  writeAtomically(join(folder, REGISTRY), `${JSON.stringify(entry, null, 2)}\n`)
}

/** Whether there is one. */
export const hasEntry = (folder: string): boolean => existsSync(join(folder, REGISTRY))

/** Takes the entry away. */
export function removeEntry(folder: string): void {
  rmSync(join(folder, REGISTRY), { force: true })
}

/** The names of all folders in which a canonical is, was or was begun to be made. */
export function canonicalNames(stateDir: string): string[] {
  const warm = join(stateDir, 'warm')
  if (!existsSync(warm)) return []
  return readdirSync(warm, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort()
}
