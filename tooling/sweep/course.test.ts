import { expect, test } from 'vitest'
import { type SweepSteps, takeCourse } from './course.ts'
import { exitCodeOfSweep } from './finish.ts'
import type { SweepRecord } from './record.ts'
import { running } from './test-record.ts'

// The steps are functions of the test here; that they do what they say is shown beside each of them.

const DONE = { outcome: 'done', durationMs: 1, log: 'host-command.log' } as const
const BUDGET = { what: 'records', outcome: 'within', budget: 1, bytes: 0, freedBytes: 0, removed: [] } as const

const app = (recipe: string, outcome: string) => {
  return { recipe, domain: `warm-${recipe}`, outcome, alerts: [], durationMs: 1 }
}

/** Steps that all succeed, and what was done, in its order. */
function steps(changes: Partial<SweepSteps> = {}) {
  const done: string[] = []
  const all: SweepSteps = {
    hostCommand: async () => {
      done.push('host')
      return DONE
    },
    reconcile: async (onApp) => {
      done.push('reconcile')
      onApp(app('keycloak', 'current'))
    },
    run: async ({ recipe }) => {
      done.push(`run ${recipe}`)
      return { outcome: recipe.startsWith('red') ? 'red' : 'green', why: recipe.startsWith('red') ? ['it fails'] : [] }
    },
    promote: async ({ recipe }) => {
      done.push(`promote ${recipe}`)
      return { outcome: 'promoted', durationMs: 1 }
    },
    deEnrolled: ['old'],
    remove: async (recipe) => {
      done.push(`remove ${recipe}`)
      return { recipe, outcome: 'removed' }
    },
    budgets: [
      async () => {
        done.push('budget')
        return { ...BUDGET, removed: [] }
      },
    ],
    ...changes,
  }
  return { all, done }
}

async function course(record: SweepRecord, all: SweepSteps, ended = new AbortController()): Promise<SweepRecord[]> {
  const saved: SweepRecord[] = []
  await takeCourse(record, all, { signal: ended.signal, save: (one) => saved.push(structuredClone(one)) })
  return saved
}

test('host first, then the shared apps, runs, promotions of the green, what is not enrolled, and the budgets', async () => {
  const { all, done } = steps()
  const record = running('a', 'red-b', 'c')
  const saved = await course(record, all)
  expect(done).toEqual([
    'host',
    'reconcile',
    'run a',
    'run red-b',
    'run c',
    'promote a',
    'promote c',
    'remove old',
    'budget',
  ])
  expect(record).toMatchObject({ state: 'finished', verdict: 'red', removed: [{ recipe: 'old' }], budgets: [BUDGET] })
  expect(record.problems).toEqual([{ blame: 'recipe', text: 'red-b 1.0.0+1 is red: it fails' }])
  expect(exitCodeOfSweep(record)).toBe(1)
  // Whoever looks meanwhile sees what is known.
  expect(saved.map(({ recipes }) => recipes.map(({ outcome }) => outcome).join(' '))).toContain('green pending pending')
  expect(saved.at(-1)).toEqual(record)
})

test('a night without trouble is green', async () => {
  const record = running('a')
  await course(record, steps().all)
  expect(record).toMatchObject({ verdict: 'green', problems: [] })
  expect(exitCodeOfSweep(record)).toBe(0)
})

test('what one step throws is told, and stops none of the others', async () => {
  const { all, done } = steps({
    hostCommand: async () => {
      throw new Error('no shell')
    },
    reconcile: async (onApp) => {
      onApp(app('keycloak', 'rolled back'))
      throw new Error('cut short')
    },
    run: async ({ recipe }) => {
      if (recipe === 'a') throw new Error('no thread')
      return { outcome: 'green' }
    },
    promote: async () => {
      throw new Error('no disk')
    },
  })
  const record = running('a', 'b')
  await course(record, all)
  expect(done).toEqual(['remove old', 'budget'])
  expect(record.problems).toEqual([
    { blame: 'infrastructure', text: 'running the host command: no shell' },
    { blame: 'infrastructure', text: 'looking after the shared apps: cut short' },
    { blame: 'infrastructure', text: 'promoting b: no disk' },
    { blame: 'recipe', text: 'the shared app keycloak was rolled back: ' },
    { blame: 'infrastructure', text: 'a 1.0.0+1 could not be judged: no thread' },
  ])
  expect(record.reconciled).toMatchObject([{ recipe: 'keycloak' }])
})

test.each([
  ['a failed host command', { hostCommand: async () => ({ ...DONE, outcome: 'failed', why: 'exit 1' }) as const }, 3],
  [
    'a shared app that is not well',
    { reconcile: async (on: never) => (on as (one: object) => void)(app('k', 'failed')) },
    3,
  ],
  ['one that is held', { reconcile: async (on: never) => (on as (one: object) => void)(app('k', 'held')) }, 0],
  [
    'one that was rolled back',
    { reconcile: async (on: never) => (on as (one: object) => void)(app('k', 'rolled back')) },
    1,
  ],
  ['a failed promotion', { promote: async () => ({ outcome: 'failed', why: 'x', durationMs: 1 }) as const }, 3],
  ['a canonical that could not be removed', { remove: async () => ({ recipe: 'old', outcome: 'failed' }) as const }, 3],
  ['one that somebody uses', { remove: async () => ({ recipe: 'old', outcome: 'left', why: 'in use' }) as const }, 0],
  ['a run that was nobody’s fault', { run: async () => ({ outcome: 'failed', why: ['docker'] }) as const }, 3],
])('%s', async (_, changes, code) => {
  const record = running('a')
  await course(record, steps(changes as Partial<SweepSteps>).all)
  expect(exitCodeOfSweep(record)).toBe(code)
  expect(record.verdict).toBe(code === 0 ? 'green' : 'red')
})

test('once it is told to end, nothing new is begun, and what goes on is waited for', async () => {
  const ended = new AbortController()
  let waited = false
  const { all, done } = steps({
    run: async ({ recipe }) => {
      if (recipe === 'a') return { outcome: 'green' }
      ended.abort(new Error('the sweep was ended by SIGTERM'))
      await new Promise((resolve) => setImmediate(resolve))
      waited = true
      return { outcome: 'interrupted' }
    },
  })
  const record = running('a', 'b')
  await course(record, all, ended)
  expect(waited).toBe(true)
  expect(done).toEqual(['host', 'reconcile'])
  expect(record).toMatchObject({ state: 'interrupted', verdict: 'interrupted' })
  expect(record.recipes.map(({ outcome }) => outcome)).toEqual(['green', 'interrupted'])
  expect(record.recipes[0]).not.toHaveProperty('promotion')
  expect(record.problems[0]?.text).toBe('the sweep was ended by SIGTERM')
})
