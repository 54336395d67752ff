import {
  isRunning,
  listRecords,
  loadSettings,
  type Paint,
  paintFor,
  type RunRecord,
  recipeName,
  took,
} from '@cc-ci/harness'

/** The options of `cc-ci runs` as they were typed. */
export interface RunsFlags {
  recipe?: string
  limit: number
  json?: boolean
}

const HEADINGS = ['began', 'recipe', 'version', 'verdict', 'level', 'took', 'run']

function verdictOf(record: RunRecord): string {
  if (record.state !== 'running') return record.verdict ?? record.state
  return isRunning(record) ? 'running' : 'interrupted'
}

const COLOURS: Record<string, Parameters<Paint>[0]> = {
  green: 'green',
  red: 'red',
  running: 'cyan',
  interrupted: 'yellow',
}

function row(record: RunRecord): string[] {
  const began = new Date(record.startedAt).toISOString().slice(0, 16).replace('T', ' ')
  const level = record.level === undefined ? '' : `${record.level}${record.limitedTo ? '*' : ''}`
  const time = record.durationMs === undefined ? '' : took(record.durationMs)
  const verdict = `${verdictOf(record)}${record.mode === 'quick' ? ' (quick)' : ''}`
  return [began, record.recipe, record.version ?? '', verdict, level, time, record.id]
}

/** Recorded runs as a table, the newest first. */
function runsTable(records: readonly RunRecord[], paint: Paint): string[] {
  const rows = [HEADINGS, ...records.map(row)]
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)))
  return rows.map((cells, index) =>
    cells
      .map((cell, column) => {
        const padded = cell.padEnd(widths[column] ?? 0)
        if (index === 0) return paint('dim', padded)
        return column === 3 ? paint(COLOURS[cell.split(' ')[0] ?? ''] ?? 'reset', padded) : padded
      })
      .join('  ')
      .trimEnd(),
  )
}

/** `cc-ci runs`: lists what was recorded on this host. */
export async function runsCommand(flags: RunsFlags, root: string): Promise<void> {
  const { stateDir } = await loadSettings({ cwd: root })
  const wanted = flags.recipe === undefined ? undefined : recipeName(flags.recipe)
  const records = listRecords(stateDir)
    .filter((record) => wanted === undefined || record.recipe === wanted)
    .slice(0, flags.limit)
  if (flags.json) console.log(JSON.stringify(records, null, 2))
  else if (records.length === 0) console.log(`No runs are recorded in ${stateDir}. The first: cc-ci run`)
  else {
    for (const line of runsTable(records, paintFor(process.stdout))) console.log(line)
    if (records.some((record) => record.limitedTo)) console.log('\n* limited to some stages')
    if (records.some((record) => record.mode === 'quick')) {
      console.log('\n(quick) on the canonical, upgraded: lower confidence')
    }
  }
}
