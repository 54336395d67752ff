import { messageOf } from '@cc-ci/harness'
import { problemsOf } from './judge.ts'
import type {
  SweepRecord,
  SweptApp,
  SweptBudget,
  SweptCanonical,
  SweptHostCommand,
  SweptPromotion,
  SweptRecipe,
} from './record.ts'

/** What came of one recipe's run. */
export type RunEnd = Pick<SweptRecipe, 'outcome' | 'why' | 'level' | 'durationMs' | 'log'>

/** What a sweep does, each by itself; what one of them throws is a problem of the sweep and stops none of the others. */
export interface SweepSteps {
  hostCommand?: (() => Promise<SweptHostCommand>) | undefined
  /** Hands over each shared app as it has been looked after. */
  reconcile?: ((onApp: (app: SweptApp) => void) => Promise<void>) | undefined
  /** Called for all recipes at once: they wait for their turn by themselves. */
  run(recipe: SweptRecipe): Promise<RunEnd>
  promote(recipe: SweptRecipe): Promise<SweptPromotion>
  /** The recipes whose canonicals are to be removed. */
  deEnrolled: readonly string[]
  remove(recipe: string): Promise<SweptCanonical>
  budgets: readonly (() => Promise<SweptBudget>)[]
}

export interface CourseOptions {
  /** Its reason is what ended the sweep, in words. */
  signal: AbortSignal
  /** Called whenever something has changed. */
  save(record: SweepRecord): void
  /** Told of what is being done. */
  onStep?: ((text: string) => void) | undefined
}

/**
 * Takes a sweep through its steps, in their order, and judges it. Nothing new is begun once the signal has come; what goes on
 * then is waited for. Never rejects.
 */
export async function takeCourse(record: SweepRecord, steps: SweepSteps, options: CourseOptions): Promise<void> {
  const { signal, save, onStep } = options
  const attempt = async (what: string, work: () => Promise<void>): Promise<void> => {
    if (signal.aborted) return
    onStep?.(what)
    try {
      await work()
    } catch (error) {
      if (!signal.aborted) record.problems.push({ blame: 'infrastructure', text: `${what}: ${messageOf(error)}` })
    }
    save(record)
  }
  const { hostCommand, reconcile } = steps
  if (hostCommand) {
    await attempt('running the host command', async () => {
      record.hostCommand = await hostCommand()
    })
  }
  if (reconcile) {
    await attempt('looking after the shared apps', async () => {
      const apps: SweptApp[] = []
      record.reconciled = apps
      await reconcile((app) => apps.push(app))
    })
  }
  await attempt('testing the enrolled recipes', () => runAll(record, steps, options))
  for (const one of record.recipes.filter(({ outcome }) => outcome === 'green')) {
    await attempt(`promoting ${one.recipe}`, async () => {
      one.promotion = await steps.promote(one)
    })
  }
  for (const recipe of steps.deEnrolled) {
    await attempt(`removing the canonical of ${recipe}`, async () => {
      record.removed.push(await steps.remove(recipe))
    })
  }
  for (const budget of steps.budgets) {
    await attempt('keeping the budgets', async () => {
      record.budgets.push(await budget())
    })
  }
  conclude(record, signal)
  save(record)
}

async function runAll(record: SweepRecord, steps: SweepSteps, { save, onStep }: CourseOptions): Promise<void> {
  const pending = record.recipes.filter(({ outcome }) => outcome === 'pending')
  await Promise.all(
    pending.map(async (one) => {
      try {
        Object.assign(one, await steps.run(one))
      } catch (error) {
        Object.assign(one, { outcome: 'failed', why: [messageOf(error)] })
      }
      onStep?.(`${one.recipe}: ${one.outcome}`)
      save(record)
    }),
  )
}

/** Judges a sweep by its record, and ends it. */
function conclude(record: SweepRecord, signal: AbortSignal): void {
  const end = Date.now()
  record.endedAt = new Date(end).toISOString()
  record.durationMs = Math.max(0, end - Date.parse(record.startedAt))
  for (const one of record.recipes) if (one.outcome === 'pending') one.outcome = 'not run'
  record.problems = problemsOf(record)
  if (signal.aborted) {
    record.state = 'interrupted'
    record.verdict = 'interrupted'
    record.problems.unshift({ blame: 'infrastructure', text: messageOf(signal.reason) })
    return
  }
  record.state = 'finished'
  record.verdict = record.problems.length === 0 ? 'green' : 'red'
}
