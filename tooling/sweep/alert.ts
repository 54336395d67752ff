import { join } from 'node:path'
import { clearAlerts, raiseAlert, type Settings } from '@cc-ci/harness'
import type { SweepRecord } from './record.ts'
import { SWEEP_FILES, sweepDir } from './store.ts'
import { headline } from './words.ts'

const SUBJECT = 'sweep'
const CAUSE = 'red'

/**
 * Tells of a red sweep. One that is red for the same reasons as one before is not told of again, until a whole sweep was green.
 *
 * @returns the alert's id, when there is something to tell.
 */
export function tellOfSweep({ stateDir }: Pick<Settings, 'stateDir'>, record: SweepRecord): string | undefined {
  const { verdict, limitedTo, problems, id } = record
  if (verdict === 'green' && limitedTo === undefined) clearAlerts(stateDir, SUBJECT, [CAUSE])
  if (verdict !== 'red') return undefined
  const { alert, fresh } = raiseAlert(stateDir, {
    subject: SUBJECT,
    cause: CAUSE,
    title: `The sweep of ${record.host} is ${headline(record)}`,
    text: problems.map(({ text }) => text).join('\n'),
    evidence: join(sweepDir(stateDir, id), SWEEP_FILES.text),
    event: reasons(record).join('|'),
  })
  return fresh ? alert.id : undefined
}

/** What is wrong, without what is another each time. */
function reasons({ recipes, reconciled = [], hostCommand, removed, budgets, problems }: SweepRecord): string[] {
  return [
    ...(hostCommand?.outcome === 'failed' ? ['host command'] : []),
    ...reconciled.flatMap(({ recipe, outcome, latest }) =>
      outcome === 'failed' || outcome === 'rolled back' ? [`${recipe} ${outcome} ${latest?.version}`] : [],
    ),
    ...recipes.flatMap(({ recipe, version, outcome, promotion }) => [
      ...(outcome === 'green' ? [] : [`${recipe} ${version} ${outcome}`]),
      ...(promotion?.outcome === 'failed' || promotion?.outcome === 'refused'
        ? [`${recipe} ${version} promotion`]
        : []),
    ]),
    ...removed.flatMap(({ recipe, outcome }) => (outcome === 'failed' ? [`removal of ${recipe}`] : [])),
    ...budgets.flatMap(({ what, outcome }) => (outcome === 'failed' ? [`budget of ${what}`] : [])),
    `${problems.length} in all`,
  ].sort()
}
