import { existsSync, lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isLeaseHeld } from '../scope/lease.ts'
import { readSnapshot } from '../snapshot/intact.ts'
import { currentSnapshot, leftoversIn } from '../snapshot/place.ts'
import { hasEntry, readKnownGood } from '../warm/canonical/entry.ts'
import { readUse } from '../warm/canonical/use.ts'
import { folderSize } from './folder-size.ts'

/** What is kept of snapshots under one name. */
export interface SnapshotFolder {
  /** What it is called in the folder `warm`. */
  name: string
  folder: string
  /** The snapshot in force. */
  inForce?: { bytes: number; takenAt: string }
  /** What no link leads to, all together. */
  leftovers?: { names: string[]; bytes: number }
  /** Why the snapshot in force stays, whatever the budget says; absent: it may go. */
  needed?: string
  /** Somebody reads or writes it at this moment. */
  busy: boolean
}

/** Whose snapshots stay. */
export interface SnapshotOwners {
  /** Recipes that are enrolled for a canonical. */
  enrolled: ReadonlySet<string>
  /** Recipes of which an app is shared by all runs. */
  shared: ReadonlySet<string>
}

const warmDir = (stateDir: string): string => join(stateDir, 'warm')

/** All that is kept of snapshots in a state directory, by name. */
export async function snapshotFolders(stateDir: string, owners: SnapshotOwners): Promise<SnapshotFolder[]> {
  const warm = warmDir(stateDir)
  if (!existsSync(warm)) return []
  const names = readdirSync(warm, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort()
  const found: SnapshotFolder[] = []
  for (const name of names) {
    const one = await lookInto(stateDir, name, owners)
    if (one.inForce || one.leftovers) found.push(one)
  }
  return found
}

/** One of them, as it is now. */
export async function lookInto(stateDir: string, name: string, owners: SnapshotOwners): Promise<SnapshotFolder> {
  const folder = join(warmDir(stateDir), name)
  const busy = isLeaseHeld(join(warmDir(stateDir), '.leases'), name)
  const current = currentSnapshot(folder)
  const leftovers = leftoversIn(folder)
  const needed = current === undefined ? undefined : neededBy(stateDir, name, owners)
  const left = { names: leftovers, bytes: 0 }
  for (const one of leftovers) left.bytes += await sizeOf(join(folder, one))
  return {
    name,
    folder,
    busy,
    ...(current === undefined
      ? {}
      : { inForce: { bytes: await folderSize(current), takenAt: takenAt(stateDir, name) } }),
    ...(leftovers.length === 0 ? {} : { leftovers: left }),
    ...(needed === undefined ? {} : { needed }),
  }
}

async function sizeOf(path: string): Promise<number> {
  const found = lstatSync(path, { throwIfNoEntry: false })
  return found?.isDirectory() ? await folderSize(path) : (found?.size ?? 0)
}

/** The oldest of all for one that cannot be read. */
function takenAt(stateDir: string, name: string): string {
  try {
    return readSnapshot(stateDir, name)?.takenAt ?? ''
  } catch {
    return ''
  }
}

/** What settings do not know any more may still be somebody's: the files beside it count, too. */
function neededBy(stateDir: string, name: string, { enrolled, shared }: SnapshotOwners): string | undefined {
  const folder = join(warmDir(stateDir), name)
  const marks = ['last-good.json', 'reconcile.json'].filter((file) => existsSync(join(folder, file)))
  if (shared.has(name) || marks.length > 0) return 'it is the last good of a shared app'
  if (hasEntry(folder) || readUse(folder)) return 'it is a canonical'
  const told = toldBySnapshot(stateDir, name)
  if (told) return told
  return enrolled.has(name.replace(/-canonical$/, '')) || enrolled.has(name) ? 'its recipe is enrolled' : undefined
}

/** One that cannot be read may be anybody's. */
function toldBySnapshot(stateDir: string, name: string): string | undefined {
  try {
    return readKnownGood(stateDir, name) ? 'it is a canonical' : undefined
  } catch {
    return 'it cannot be read, so nobody can tell whose it is'
  }
}
