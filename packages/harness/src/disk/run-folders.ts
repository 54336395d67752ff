import { existsSync, readdirSync } from 'node:fs'
import { basename } from 'node:path'
import type { RunRecord } from '../run/record.ts'
import { readRecord, runDir, runsDir, scopesDir } from '../run/store.ts'
import { readOrder, scopeFolders } from '../scope/order.ts'
import { folderSize } from './folder-size.ts'
import { liveRunIds } from './live.ts'

/** What a run has left behind on the disk. */
export interface RunFolder {
  id: string
  folder: string
  recipe: string
  /** When the run began (milliseconds since 1970). */
  startedAt: number
  /** The sizes of all its files. */
  bytes: number
  /** Why it may not be removed, whatever the budget says; absent: it may. */
  needed?: string
}

/** As `newRunId` makes them: a time, the recipe, six hex digits. */
const RUN_ID = /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-(.+)-[0-9a-f]{6}$/

/**
 * The folders of all runs of a state directory, the newest first. A folder without a record that can be read is a run's if
 * its name is a run's id; any other is left out.
 */
export async function runFolders(stateDir: string, leaseDir: string, now: number): Promise<RunFolder[]> {
  if (!existsSync(runsDir(stateDir))) return []
  const live = liveRunIds(leaseDir)
  const open = new Set(scopeFolders(scopesDir(stateDir)).map((path) => readOrder(path)?.runId ?? scopeName(path)))
  const ids = readdirSync(runsDir(stateDir), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
  const found: RunFolder[] = []
  for (const id of ids) {
    const folder = runDir(stateDir, id)
    const record = recordIn(folder)
    const told = record ? { recipe: record.recipe, startedAt: Date.parse(record.startedAt) } : toldByName(id)
    if (!told) continue
    const needed = live.has(id) ? 'it is live' : open.has(id) ? 'its scope is open' : neededBy(record, now)
    found.push({ id, folder, ...told, bytes: await folderSize(folder), ...(needed ? { needed } : {}) })
  }
  return found.sort((one, other) => other.startedAt - one.startedAt || other.id.localeCompare(one.id))
}

/** A run's second scope is called after it, too. */
const scopeName = (folder: string): string => basename(folder).replace(/\.\d+$/, '')

function neededBy(record: RunRecord | undefined, now: number): string | undefined {
  if (record?.state === 'running') return 'its record has not ended'
  if (record?.kept && Date.parse(record.kept.until) > now) return `its app is kept until ${record.kept.until}`
  return undefined
}

function recordIn(folder: string): RunRecord | undefined {
  try {
    return readRecord(folder)
  } catch {
    return undefined
  }
}

function toldByName(id: string): { recipe: string; startedAt: number } | undefined {
  const match = RUN_ID.exec(id)
  if (!match) return undefined
  const [year, month, day, hours, minutes, seconds] = match.slice(1, 7).map(Number) as [number, ...number[]]
  return {
    recipe: match[7] ?? '',
    startedAt: Date.UTC(year, (month ?? 1) - 1, day, hours, minutes, seconds),
  }
}
