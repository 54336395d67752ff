import { join } from 'node:path'
import { messageOf } from '../errors.ts'
import { secrets } from '../redact/secrets.ts'
import { tryLease } from '../scope/lease.ts'
import type { Settings } from '../settings/schema.ts'
import type { Alert } from './alert.ts'
import { type AlertChannel, type AlertSettings, alertChannels } from './channels.ts'
import { alertsDir, archiveAlert, listAlerts, saveAlert } from './store.ts'

/** What became of the alerts that waited. */
export interface AlertDelivery {
  /** Nobody is told of any: no channel is set, or another process delivers at this moment. */
  held?: 'no channel' | 'busy'
  delivered: Alert[]
  /** Tried again next time. */
  failed: { alert: Alert; error: string }[]
}

/**
 * Delivers every alert that waits, the oldest first, by each channel that is set, and archives those that all channels have
 * taken. A channel that has taken one is not given it again. A process that dies between a channel's answer and the disk
 * leaves the alert waiting: it is delivered once more then, with the same id.
 */
export async function deliverAlerts(settings: AlertSettings & Pick<Settings, 'stateDir'>): Promise<AlertDelivery> {
  const { stateDir } = settings
  const done: AlertDelivery = { delivered: [], failed: [] }
  const channels = alertChannels(settings)
  if (channels.length === 0) return { ...done, held: 'no channel' }
  const holder = { runId: 'alerts', pid: process.pid, since: new Date().toISOString() }
  using lease = tryLease(join(alertsDir(stateDir), '.lease'), 'deliver', holder)
  if (!lease) return { ...done, held: 'busy' }
  for (const alert of listAlerts(stateDir)) {
    const errors: string[] = []
    for (const channel of channels) errors.push(...(await deliver(stateDir, alert, channel)))
    if (errors.length > 0) done.failed.push({ alert, error: errors.join('\n') })
    else {
      archiveAlert(stateDir, alert)
      done.delivered.push(alert)
    }
  }
  return done
}

async function deliver(stateDir: string, alert: Alert, { name, deliver }: AlertChannel): Promise<string[]> {
  const before = alert.delivery[name] ?? { tries: 0 }
  if (before.deliveredAt !== undefined) return []
  const tries = before.tries + 1
  try {
    await deliver(alert)
    alert.delivery[name] = { tries, deliveredAt: new Date().toISOString() }
    return []
  } catch (error) {
    const lastError = secrets.text(messageOf(error))
    alert.delivery[name] = { tries, lastError }
    return [`${name}: ${lastError}`]
  } finally {
    saveAlert(stateDir, alert)
  }
}
