import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { UsageError } from '../errors.ts'
import { syncFolder } from '../files/write.ts'
import { type Lease, leaseHolder, tryLease } from '../scope/lease.ts'
import { SnapshotBusyError } from './errors.ts'

/** The link to the snapshot in force, whose target is a folder beside it: one rename replaces the one by the other. */
const CURRENT = 'snapshot'

/** What is being made; no link leads there. */
const BUILDING = 'snapshot.new'

const NEXT_LINK = 'snapshot.link'

/** A recipe's name cannot be the name of a folder. */
export class WarmNameError extends UsageError {}

/** What is kept of a recipe between runs: `<state directory>/warm/<recipe>`. */
export function warmFolder(stateDir: string, recipe: string): string {
  if (/^[A-Za-z0-9][\w.-]*$/.test(recipe)) return join(stateDir, 'warm', recipe)
  throw new WarmNameError({
    happened: `${JSON.stringify(recipe)} is no name of a recipe.`,
    todo: 'Give its name, not the path or the URL of its repository.',
  })
}

/** The folder of the snapshot in force, or nothing. */
export function currentSnapshot(folder: string): string | undefined {
  try {
    return join(folder, readlinkSync(join(folder, CURRENT)))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/**
 * The right to read or replace the snapshot of a recipe.
 *
 * @throws {SnapshotBusyError}
 */
export function snapshotLease(stateDir: string, recipe: string): Lease {
  const folder = join(stateDir, 'warm', '.leases')
  const holder = { runId: `snapshot of ${recipe}`, pid: process.pid, since: new Date().toISOString() }
  const lease = tryLease(folder, recipe, holder)
  if (lease) return lease
  const other = leaseHolder(folder, recipe)
  throw new SnapshotBusyError({
    happened: `The snapshot of ${recipe} is in use.`,
    lastSeen: other ? `process ${other.pid} since ${other.since}` : undefined,
    todo: 'Wait for that process, or end it.',
  })
}

/** The names of what a crash left beside the snapshot in force, or of what somebody makes who holds the lease. */
export function leftoversIn(folder: string): string[] {
  const current = currentSnapshot(folder)
  return readdirSync(folder).filter((name) => name.startsWith(`${CURRENT}.`) && join(folder, name) !== current)
}

/** Takes away what a crash left: everything of a snapshot but the one in force. What stands beside is not looked at. */
export function clearLeftovers(folder: string): void {
  mkdirSync(folder, { recursive: true })
  for (const name of leftoversIn(folder)) rmSync(join(folder, name), { recursive: true, force: true })
}

/** Takes the snapshot in force out of force, whole or not at all, and away. */
export function dropSnapshot(folder: string): void {
  rmSync(join(folder, CURRENT), { force: true })
  syncFolder(folder)
  clearLeftovers(folder)
}

/** An empty folder for a new snapshot; only its owner may look into it. */
export function beginSnapshot(folder: string): string {
  const building = join(folder, BUILDING)
  mkdirSync(building, { mode: 0o700 })
  return building
}

/** Puts the finished snapshot in force. Whenever this ends early, the old one or the new one is in force, and whole. */
export function swapIn(folder: string, onStep: (step: 'named' | 'linked' | 'in force') => void): void {
  const name = `${CURRENT}.${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')}-${randomBytes(2).toString('hex')}`
  syncFolder(join(folder, BUILDING))
  renameSync(join(folder, BUILDING), join(folder, name))
  syncFolder(folder)
  onStep('named')
  symlinkSync(name, join(folder, NEXT_LINK))
  onStep('linked')
  renameSync(join(folder, NEXT_LINK), join(folder, CURRENT))
  syncFolder(folder)
  onStep('in force')
}
