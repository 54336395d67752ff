import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { runDir, writeAtomically } from '@cc-ci/harness'
import type { BridgeRun } from './store/runs.ts'

/** The file in a run's folder by which the dashboard links the run to where it was asked for, and to its build. */
const LINKS_FILE = 'links.json'

/** Writes down, once a run has a folder, where its pull request and its build are. */
export function tellLinks(stateDir: string, run: BridgeRun, gitea: string): void {
  const folder = runDir(stateDir, run.runId)
  if (!existsSync(folder) || existsSync(join(folder, LINKS_FILE))) return
  const pull = `${gitea}/${run.repo}/pulls/${run.pr}`
  writeAtomically(join(folder, LINKS_FILE), JSON.stringify({ pull, ...(run.link ? { build: run.link } : {}) }))
}
