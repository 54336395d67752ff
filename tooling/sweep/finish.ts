import { deliverAlerts, messageOf, type Settings } from '@cc-ci/harness'
import { EXIT } from '../cli/exit-codes.ts'
import { tellOfSweep } from './alert.ts'
import { sweepPage } from './page.ts'
import type { SweepRecord } from './record.ts'
import { forgetOldSweeps, SWEEP_FILES, saveSweep, sweepDir, writeSweepFile } from './store.ts'
import { sweepLines } from './text.ts'

/** Keeps what a sweep has to say: tells of a red one, and writes record, page and text. What could not be told is a note. */
export async function finishSweep(settings: Settings, record: SweepRecord): Promise<void> {
  const { stateDir } = settings
  // Whatever becomes of the rest, what was seen is on the disk.
  saveSweep(stateDir, record)
  try {
    const alert = tellOfSweep(settings, record)
    if (alert !== undefined) record.alert = alert
    await writeSummary(stateDir, record)
    const { failed } = await deliverAlerts(settings)
    for (const { alert: one, error } of failed) record.notes.push(`The alert ${one.id} was not delivered: ${error}`)
  } catch (error) {
    record.notes.push(`Nobody could be told: ${messageOf(error)}`)
  }
  saveSweep(stateDir, record)
  await writeSummary(stateDir, record)
  forgetOldSweeps(stateDir)
}

async function writeSummary(stateDir: string, record: SweepRecord): Promise<void> {
  const lines = sweepLines(record, sweepDir(stateDir, record.id), (_, text) => text)
  writeSweepFile(stateDir, record, SWEEP_FILES.text, `${lines.join('\n')}\n`)
  writeSweepFile(stateDir, record, SWEEP_FILES.page, await sweepPage(record))
}

/** The exit code of a sweep by its record, as that of a run: 0 for a green one and a skipped one. */
export function exitCodeOfSweep({ verdict, state, problems }: SweepRecord): number {
  if (verdict === 'green' || state === 'skipped') return EXIT.green
  return problems.some(({ blame }) => blame === 'recipe') ? EXIT.red : EXIT.infrastructure
}
