import { type Alert, type Paint, type ReconcileOutcome, type ReconcileResult, took } from '@cc-ci/harness'

const COLOURS: Partial<Record<ReconcileOutcome, Parameters<Paint>[0]>> = {
  current: 'green',
  deployed: 'green',
  upgraded: 'green',
  revived: 'yellow',
  held: 'yellow',
  'rolled back': 'red',
  failed: 'red',
}

const indented = (text: string): string[] => text.split('\n').map((line) => `    ${line}`)

/** What became of one shared app, in lines. */
export function resultLines(result: ReconcileResult, paint: Paint): string[] {
  const { recipe, domain, outcome, version, latest, reason, interrupted, alerts, warnings, durationMs } = result
  const at = version?.version ? ` ${version.version}` : ''
  const newest = latest && latest.version !== version?.version ? `, newest ${latest.version}` : ''
  const cut = interrupted
    ? [`    an upgrade to ${interrupted.to.version} had been cut off at "${interrupted.step}"`]
    : []
  return [
    `${recipe}${at} at ${domain}${newest}  ${paint(COLOURS[outcome] ?? 'cyan', outcome)}  ${took(durationMs)}`,
    ...cut,
    ...(reason ? indented(reason) : []),
    ...warnings.flatMap((text) => indented(`warning: ${text}`)),
    ...alerts.map((id) => `    alert ${id}`),
  ]
}

/** One alert, in lines. */
export function alertLines(alert: Alert, { archived, paint }: { archived: boolean; paint: Paint }): string[] {
  const { id, time, title, text, evidence, delivery } = alert
  const failed = Object.entries(delivery).flatMap(([name, { lastError, tries, deliveredAt }]) =>
    deliveredAt === undefined && lastError ? [`${name}, ${tries} tries: ${lastError}`] : [],
  )
  return [
    `${time.slice(0, 16).replace('T', ' ')}  ${paint(archived ? 'dim' : 'yellow', archived ? 'delivered' : 'waits')}  ${title}`,
    `    ${id}`,
    ...indented(text.trimEnd()),
    ...(evidence ? [`    evidence: ${evidence}`] : []),
    ...failed.map((line) => `    not delivered: ${line}`),
  ]
}
