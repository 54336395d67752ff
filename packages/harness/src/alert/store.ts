import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { syncFolder, writeAtomically } from '../files/write.ts'
import { secrets } from '../redact/secrets.ts'
import { type Alert, type AlertDraft, alertSchema } from './alert.ts'

/** Where alerts wait for their delivery. */
export const alertsDir = (stateDir: string): string => join(stateDir, 'alerts')

/** Where those are that were delivered. */
export const alertArchive = (stateDir: string): string => join(alertsDir(stateDir), 'archive')

const fileOf = (stateDir: string, { id }: Pick<Alert, 'id'>): string => join(alertsDir(stateDir), `${id}.json`)

/** When what an alert spoke of was over, by subject and cause. */
const clearedFile = (stateDir: string): string => join(alertsDir(stateDir), 'cleared', 'cleared.json')

/**
 * Writes an alert down, to be delivered once. While the same was raised before and is not over ({@link clearAlerts}), that
 * one is handed back instead. Secrets that this process knows are taken out.
 */
export function raiseAlert(stateDir: string, draft: AlertDraft): { alert: Alert; fresh: boolean } {
  const { event = '', ...told } = draft
  const { subject, cause, attempted, lastGood, recovered } = draft
  const key = createHash('sha256')
    .update(JSON.stringify([subject, cause, attempted ?? null, lastGood ?? null, recovered ?? null, event]))
    .digest('hex')
    .slice(0, 16)
  const over = cleared(stateDir)[`${subject}|${cause}`] ?? ''
  const same = listAlerts(stateDir, { archived: true }).findLast((one) => one.key === key && one.time >= over)
  if (same) return { alert: same, fresh: false }
  const time = new Date().toISOString()
  const id = `${time.replaceAll(/[-:]|\.\d+/g, '')}-${subject.replaceAll(/[^\w.-]/g, '-')}-${randomBytes(3).toString('hex')}`
  const alert = redacted({ format: 1, id, time, ...told, key, delivery: {} })
  saveAlert(stateDir, alert)
  return { alert, fresh: true }
}

/** From now on the same may be raised again: what it spoke of is over. */
export function clearAlerts(stateDir: string, subject: string, causes: readonly string[]): void {
  const all = cleared(stateDir)
  const raised = listAlerts(stateDir, { archived: true }).filter(
    (one) =>
      one.subject === subject && causes.includes(one.cause) && one.time >= (all[`${subject}|${one.cause}`] ?? ''),
  )
  if (raised.length === 0) return
  // A moment later than any of them, whatever the clock says.
  const last = Math.max(Date.now(), ...raised.map(({ time }) => Date.parse(time) + 1))
  for (const { cause } of raised) all[`${subject}|${cause}`] = new Date(last).toISOString()
  writeAtomically(clearedFile(stateDir), `${JSON.stringify(all, null, 2)}\n`, 0o600)
}

/** The alerts that wait for their delivery, the oldest first; on request those that were delivered, too. */
export function listAlerts(stateDir: string, { archived = false } = {}): Alert[] {
  // In this order: one that is delivered meanwhile is seen twice rather than not at all.
  const folders = [alertsDir(stateDir), ...(archived ? [alertArchive(stateDir)] : [])]
  const found = folders.flatMap((folder) =>
    existsSync(folder)
      ? readdirSync(folder).flatMap((name) => (isAlert(name) ? (readAlert(join(folder, name)) ?? []) : []))
      : [],
  )
  const each = new Map(found.map((alert) => [alert.id, alert]))
  return [...each.values()].sort((one, other) => one.time.localeCompare(other.time) || (one.id < other.id ? -1 : 1))
}

const isAlert = (name: string): boolean => name.endsWith('.json') && !name.startsWith('.')

/** `undefined` for what is gone by now, or is no alert of ours. */
function readAlert(file: string): Alert | undefined {
  try {
    return alertSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return undefined
  }
}

/** Writes an alert as it stands now. */
export function saveAlert(stateDir: string, alert: Alert): void {
  mkdirSync(alertsDir(stateDir), { recursive: true, mode: 0o700 })
  writeAtomically(fileOf(stateDir, alert), `${JSON.stringify(alert, null, 2)}\n`, 0o600)
}

/** Puts an alert away: it is not delivered any more. Idempotent. */
export function archiveAlert(stateDir: string, alert: Pick<Alert, 'id'>): void {
  const archive = alertArchive(stateDir)
  mkdirSync(archive, { recursive: true, mode: 0o700 })
  const kept = join(archive, `${alert.id}.json`)
  if (!existsSync(fileOf(stateDir, alert))) return
  renameSync(fileOf(stateDir, alert), kept)
  syncFolder(archive)
  syncFolder(alertsDir(stateDir))
}

function cleared(stateDir: string): Record<string, string> {
  try {
    return z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(clearedFile(stateDir), 'utf8')))
  } catch (error) {
    // What cannot be read says nothing: an alert too many is better than one too few.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') rmSync(clearedFile(stateDir), { force: true })
    return {}
  }
}

const redacted = (alert: Alert): Alert => JSON.parse(secrets.text(JSON.stringify(alert))) as Alert
