import { deliverAlerts, listAlerts, loadSettings, paintFor } from '@cc-ci/harness'
import { RECONCILE_EXIT } from './reconcile.ts'
import { alertLines } from './show.ts'

/** The options of `cc-ci alerts` as they were typed. */
export interface AlertsFlags {
  deliver?: boolean
  all?: boolean
  json?: boolean
}

/**
 * `cc-ci alerts`: shows what a person must know of, and delivers it.
 *
 * @returns the exit code: 3 when something could not be delivered.
 */
export async function alertsCommand(flags: AlertsFlags, root: string): Promise<number> {
  const settings = await loadSettings({ cwd: root })
  const done = flags.deliver ? await deliverAlerts(settings) : undefined
  const waiting = new Set(listAlerts(settings.stateDir).map(({ id }) => id))
  const shown = listAlerts(settings.stateDir, { archived: flags.all ?? false })
  const paint = paintFor(process.stdout)
  for (const alert of shown) {
    const archived = !waiting.has(alert.id)
    if (flags.json) console.log(JSON.stringify({ ...alert, archived }))
    else for (const line of alertLines(alert, { archived, paint })) console.log(line)
  }
  if (!flags.json) {
    if (shown.length === 0) console.log('No alert waits.')
    if (done?.delivered.length) console.log(`${done.delivered.length} delivered`)
    if (done?.held === 'no channel') console.log('Nobody is told: set CCCI_ALERT_COMMAND or CCCI_ALERT_WEBHOOK.')
    if (done?.held === 'busy') console.log('Another process delivers them at this moment.')
  }
  return done && done.failed.length > 0 ? RECONCILE_EXIT.failed : RECONCILE_EXIT.ok
}
