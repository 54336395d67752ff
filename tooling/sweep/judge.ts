import type { SweepProblem, SweepRecord, SweptApp, SweptRecipe } from './record.ts'

/** Everything in a sweep's record that speaks against green, whatever went wrong first. */
export function problemsOf(record: SweepRecord): SweepProblem[] {
  const { hostCommand, reconciled = [], recipes, removed, budgets, problems } = record
  const host = hostCommand?.outcome === 'failed' ? [infrastructure('the host command failed', hostCommand.why)] : []
  return [
    ...problems,
    ...host,
    ...reconciled.flatMap(problemOfApp),
    ...recipes.flatMap(problemsOfRecipe),
    ...removed.flatMap(({ recipe, outcome, why }) =>
      outcome === 'failed' ? [infrastructure(`the canonical of ${recipe} could not be removed`, why)] : [],
    ),
    ...budgets.flatMap(({ what, outcome, why }) =>
      outcome === 'failed' ? [infrastructure(`not all ${what} that should go could be removed`, why)] : [],
    ),
  ]
}

const infrastructure = (what: string, why?: string): SweepProblem => ({
  blame: 'infrastructure',
  text: why ? `${what}: ${firstLine(why)}` : what,
})

const firstLine = (text: string): string => text.trim().split('\n')[0] ?? ''

function problemOfApp({ recipe, outcome, reason }: SweptApp): SweepProblem[] {
  if (outcome === 'rolled back') {
    return [{ blame: 'recipe', text: `the shared app ${recipe} was rolled back: ${firstLine(reason ?? '')}` }]
  }
  return outcome === 'failed' ? [infrastructure(`the shared app ${recipe} is not well`, reason)] : []
}

const WORDS = { red: 'is red', failed: 'could not be judged', interrupted: 'was interrupted' } as const

function problemsOfRecipe({ recipe, version, outcome, why, promotion }: SweptRecipe): SweepProblem[] {
  const name = version ? `${recipe} ${version}` : recipe
  if (outcome === 'red' || outcome === 'failed' || outcome === 'interrupted') {
    const text = `${name} ${WORDS[outcome]}${why?.[0] ? `: ${firstLine(why[0])}` : ''}`
    return [{ blame: outcome === 'red' ? 'recipe' : 'infrastructure', text }]
  }
  const isHere = promotion?.outcome === 'failed' || promotion?.outcome === 'refused'
  return isHere ? [infrastructure(`${name} was not promoted`, promotion.why)] : []
}
