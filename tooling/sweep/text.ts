import { indent, type Paint, sizeText, took } from '@cc-ci/harness'
import type { Outlook } from './outlook.ts'
import type { SweepRecord, SweptRecipe } from './record.ts'
import {
  appText,
  beganText,
  budgetText,
  durationText,
  ENROLLED_BY,
  headline,
  promotionText,
  removalText,
} from './words.ts'

const COLOURS: Record<string, 'green' | 'red' | 'yellow'> = {
  green: 'green',
  red: 'red',
  failed: 'red',
  interrupted: 'yellow',
  skipped: 'yellow',
}

/** Text of somebody else's, which may have several lines. */
const below = (text: string, margin: string): string[] => indent(text.trimEnd(), margin).split('\n')

function recipeLines(one: SweptRecipe, paint: Paint): string[] {
  const { recipe, version = '', outcome, level, why = [], runId, promotion } = one
  const facts = [
    paint(COLOURS[outcome] ?? 'dim', outcome),
    level === undefined ? '' : `level ${level}`,
    durationText(one),
  ]
  return [
    `  ${`${recipe} ${version}`.trim()}  ${facts.filter(Boolean).join('  ')}`,
    ...why.flatMap((text) => below(text, '      ')),
    ...(promotion ? below(promotionText(promotion), '      ') : []),
    ...(runId === undefined || outcome === 'not run' ? [] : [paint('dim', `      cc-ci show ${runId}`)]),
  ]
}

/** A sweep as a person reads it. */
export function sweepLines(record: SweepRecord, folder: string, paint: Paint): string[] {
  const { skipped = [], cutOff, hostCommand, reconciled = [], recipes, removed, budgets, problems, notes } = record
  const limited = record.limitedTo ? `, only ${record.limitedTo.join(', ')}` : ''
  const colour = COLOURS[record.verdict ?? record.state] ?? 'dim'
  return [
    paint(['bold', colour], headline(record)),
    paint('dim', `  sweep ${record.id}, ${beganText(record)}${limited}  ${durationText(record)}`.trimEnd()),
    ...(cutOff ? [`  The sweep before, ${cutOff}, was cut off.`] : []),
    ...skipped.map((text) => `  ${text}`),
    ...(hostCommand ? below(`host command ${hostCommand.outcome}  ${took(hostCommand.durationMs)}`, '  ') : []),
    ...reconciled.flatMap((app) => below(`shared app ${app.recipe}: ${appText(app)}`, '  ')),
    ...recipes.flatMap((one) => recipeLines(one, paint)),
    ...removed.flatMap((one) => below(`${one.recipe} is not enrolled; its canonical: ${removalText(one)}`, '  ')),
    ...budgets.map((one) => `  ${one.what} ${budgetText(one)}`),
    ...notes.flatMap((text) => below(paint('dim', text), '  ')),
    ...(problems.length > 0 ? [paint('red', '  what speaks against green:')] : []),
    ...problems.flatMap(({ text }) => below(text, '    ')),
    ...(record.alert ? [`  alert ${record.alert}`] : []),
    paint('dim', `  summary: ${folder}`),
  ]
}

/** What a sweep would do, as a person reads it. */
export function outlookLines(would: Outlook, paint: Paint): string[] {
  const { active, recipes, capacity, estimateMs, hostCommand, sharedApps, deEnrolled, unknown, budgets } = would
  const about = estimateMs === undefined ? '' : `, about ${took(estimateMs)}`
  return [
    paint(
      'bold',
      `a sweep would test ${recipes.length} ${recipes.length === 1 ? 'recipe' : 'recipes'}, capacity ${capacity}${about}`,
    ),
    ...(active.length > 0
      ? [paint('yellow', '  now it would be skipped:'), ...active.map((text) => `    ${text}`)]
      : []),
    ...(hostCommand === undefined ? [] : [`  host command: ${hostCommand}`]),
    ...(sharedApps.length > 0 ? [`  shared apps: ${sharedApps.join(', ')}`] : []),
    ...recipes.flatMap(({ recipe, version, enrolledBy, canonical, lastMs, problem }) => [
      `  ${recipe} ${version ?? ''}`.trimEnd(),
      `      enrolled by ${ENROLLED_BY[enrolledBy as SweptRecipe['enrolledBy']]}; ${[
        canonical === undefined ? 'no canonical' : `canonical at ${canonical}`,
        lastMs === undefined ? 'no green run to go by' : `last time ${took(lastMs)}`,
      ].join('; ')}`,
      ...(problem === undefined ? [] : below(`cannot be tested: ${problem}`, '      ')),
    ]),
    ...deEnrolled.map((recipe) => `  ${recipe} is not enrolled; its canonical would be removed`),
    ...unknown.flatMap(({ recipe, why }) => below(`${recipe}: nobody can tell whether it is enrolled: ${why}`, '  ')),
    ...budgets.map(
      ({ what, outcome, budget, bytes, freedBytes, removed }) =>
        `  ${what} ${outcome}: ${sizeText(bytes)} of ${sizeText(budget)}${removed.length > 0 ? `; ${removed.length} would go, ${sizeText(freedBytes)}` : ''}`,
    ),
  ]
}
