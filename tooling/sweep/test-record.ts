import type { SweepRecord, SweptRecipe } from './record.ts'
import { newSweep } from './store.ts'

/** A sweep that goes on, of recipes that wait for their turn. */
export function running(...recipes: (string | SweptRecipe)[]): SweepRecord {
  const record = newSweep(2, new Date('2026-01-30T03:00:00.000Z'))
  const planned = (recipe: string | SweptRecipe): SweptRecipe =>
    typeof recipe === 'string'
      ? { recipe, enrolledBy: 'suite', version: '1.0.0+1', outcome: 'pending', runId: `run-${recipe}` }
      : recipe
  return { ...record, id: '20260130-030000-0a1b2c', host: 'ci', pid: 7, recipes: recipes.map(planned) }
}

/** A night in which much went wrong. */
export function eventful(): SweepRecord {
  return {
    ...running(
      {
        recipe: 'n8n',
        enrolledBy: 'suite',
        version: '2.1.0+1.88.0',
        outcome: 'green',
        level: 5,
        durationMs: 61_000,
        runId: '20260130-030102-n8n-3f9a2c',
        promotion: { outcome: 'promoted', from: '2.0.0+1.80.0', durationMs: 20_000 },
      },
      {
        recipe: 'cryptpad',
        enrolledBy: 'setting',
        version: '0.4.6+5.7.0',
        outcome: 'red',
        level: 1,
        durationMs: 32_000,
        runId: '20260130-030102-cryptpad-11beef',
        why: ['upgrade: fail (UpgradeError: <script>alert("pad")</script>)'],
      },
      { recipe: 'lasuite', enrolledBy: 'recipe', outcome: 'failed', why: ['it has no published version'] },
    ),
    state: 'finished',
    verdict: 'red',
    durationMs: 125_000,
    cutOff: '20260129-030000-ffffff',
    hostCommand: { outcome: 'failed', durationMs: 2000, why: 'exit code 1', log: 'host-command.log' },
    reconciled: [
      {
        recipe: 'keycloak',
        domain: 'warm-keycloak.ci.localhost',
        outcome: 'held',
        version: { version: '10.7.1+26.4.7', commit: 'c' },
        latest: { version: '11.0.0+27.0.0', commit: 'd' },
        reason: 'a major version',
        alerts: ['a1'],
        durationMs: 900,
      },
    ],
    removed: [{ recipe: 'old', version: '1.0.0+1', outcome: 'removed' }],
    budgets: [
      { what: 'records', outcome: 'pruned', budget: 2 ** 31, bytes: 2 ** 32, freedBytes: 2 ** 31, removed: ['a', 'b'] },
      {
        what: 'snapshots',
        outcome: 'within',
        budget: 2 ** 30,
        bytes: 2 ** 31,
        freedBytes: 0,
        removed: [],
        overBytes: 2 ** 30,
      },
    ],
    problems: [
      { blame: 'infrastructure', text: 'the host command failed: exit code 1' },
      {
        blame: 'recipe',
        text: 'cryptpad 0.4.6+5.7.0 is red: upgrade: fail (UpgradeError: <script>alert("pad")</script>)',
      },
      { blame: 'infrastructure', text: 'lasuite could not be judged: it has no published version' },
    ],
    notes: ['Nobody can tell whether gone is enrolled: it cannot be fetched'],
  }
}
