import { existsSync, readFileSync } from 'node:fs'
import { hostFile, type SettingsInput, writeAtomically } from '@cc-ci/harness'
import type { Extra } from './extras.ts'
import type { ProcessMark } from './process-mark.ts'

/** What `up` made and `down` may therefore take away. */
export interface Made {
  /** The engine: a `dockerd` of ours, or the system's service that was started. */
  engine?: { process: ProcessMark } | { unit: string }
  /** The swarm was initialised; `gateway` when the bridge it needs was not there before. */
  swarm?: { gateway: boolean }
  /** The name of the overlay network. */
  network?: string
  /** What was asked for with `--with`. */
  extras?: Extra[]
}

/** The dev host's `host.json`: how to reach it (settings, read by everything) and what was made (read by `down`). */
export interface Host {
  settings: SettingsInput
  made: Made
}

/** Reads `host.json`; an absent one is an empty one. */
export function readHost(stateDir: string): Host {
  const file = hostFile(stateDir)
  const host = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Partial<Host>) : {}
  return { settings: host.settings ?? {}, made: host.made ?? {} }
}

/** Writes `host.json` whole. */
export function writeHost(stateDir: string, host: Host): void {
  writeAtomically(hostFile(stateDir), `${JSON.stringify(host, null, 2)}\n`)
}

/** Writes down something made, before anything else is done. */
export function recordMade(stateDir: string, made: Made): void {
  const host = readHost(stateDir)
  writeHost(stateDir, { ...host, made: { ...host.made, ...made } })
}
