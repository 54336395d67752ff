import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { RunRecord } from '../../run/record.ts'
import type { CanonicalData } from './data.ts'
import type { PromotionStep } from './promote.ts'
import type { PutBackStep } from './put-back.ts'
import type { TestCanonical } from './test-canonical.ts'

/** Runs a script in another process, which must end by killing itself at the moment `step`. */
async function killed(step: string, values: object, script: string): Promise<void> {
  const source = (name: string) => JSON.stringify(join(import.meta.dirname, name))
  const text = `
    const values = ${JSON.stringify(values)}
    const onMoment = (step) => step === ${JSON.stringify(step)} && process.kill(process.pid, 'SIGKILL')
    const { dockerClient } = await import(${source('../../docker/connect.ts')})
    const { Scope } = await import(${source('../../scope/scope.ts')})
    const { openJournal } = await import(${source('../../run/journal.ts')})
    const { takeLease } = await import(${source('../../scope/lease.ts')})
    const { openRunCanonical } = await import(${source('attach.ts')})
    const { promote } = await import(${source('promote.ts')})
    const { putBack } = await import(${source('put-back.ts')})
    ${script}`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', text], { stdio: 'inherit' })
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  if (signal !== 'SIGKILL') throw new Error(`the process came past "${step}" (exit code ${code})`)
}

/** Promotes in a process that is killed at a moment. */
export const promoteAndDie = (
  { where }: TestCanonical,
  step: PromotionStep,
  more: { record: RunRecord; fresh: boolean },
): Promise<void> =>
  killed(
    step,
    { ...where, ...more },
    'await promote({ docker: dockerClient(values.settings.dockerHost), ...values, onMoment })',
  )

/** Puts a canonical back in a process that is killed at a moment. */
export const putBackAndDie = (data: CanonicalData, step: PutBackStep): Promise<void> =>
  killed(step, { data }, 'await putBack(values.data, { timeoutMs: 60_000, onMoment })')

/** Attaches a canonical, writes into its volume, and is killed. */
export const useAndDie = ({ where, folder }: TestCanonical): Promise<void> =>
  killed(
    'used',
    { ...where, folder },
    `const { settings, folder, recipe } = values
    const scope = new Scope({ folder: folder + '/killed', teardownTimeoutMs: 60_000 })
    const journal = openJournal(folder + '/killed.jsonl')
    const docker = dockerClient(settings.dockerHost)
    const { lifecycle } = await openRunCanonical({ ...values, docker, scope, journal, runId: 'killed', hold: () => {} })
    const { app } = lifecycle
    await (await app.volume('content')).write('mine', 'mine')
    onMoment('used')`,
  )
