/** What was seen of one cell, as the tests of the kill matrix keep it. */
export interface Cell {
  table: 'cases' | 'engine'
  row: string
  order: number
  runner: string
  verdict: string
  ms: number
}

const RUNNERS = ['vitest', 'playwright']

const TITLES: Record<Cell['table'], string> = {
  cases: '## Whatever ends a run',
  engine: '## Whatever a deploy engine does',
}

const TEXTS: Record<Cell['table'], string> = {
  cases: 'On the real swarm, with the built-in engine and the recipe custom-html.',
  engine:
    'With a fake engine that makes an app’s secret, config, volume and network (for the upgrade: the whole app) and comes to\ngrief at one step.',
}

function shown(cell: Cell | undefined): string {
  return cell ? `✓ ${cell.verdict}, ${(cell.ms / 1000).toFixed(1)} s` : '✗'
}

function table(name: Cell['table'], cells: readonly Cell[]): string {
  const own = cells.filter((cell) => cell.table === name).sort((one, other) => one.order - other.order)
  const rows = [...new Set(own.map(({ row }) => row))]
  const lines = rows.map((row) => {
    const found = (runner: string) => own.find((cell) => cell.row === row && cell.runner === runner)
    return `| ${row} | ${RUNNERS.map((runner) => shown(found(runner))).join(' | ')} |`
  })
  return [TITLES[name], '', TEXTS[name], '', '| When | Vitest | Playwright |', '| --- | --- | --- |', ...lines].join(
    '\n',
  )
}

/** The page `docs/kill-matrix.md`, from what the tests have seen. */
export function page(cells: readonly Cell[]): string {
  return `# The kill matrix

Each cell is a test that runs the real runner in a process of its own on a small suite, brings it to grief, and then looks for
anything of the run: services, tasks, containers, volumes, secrets, configs and networks in Docker, processes, checkouts,
\`.env\`, temporary files. All of it must be gone within 30 s, without another run being started, and the verdict must be red or
interrupted. A cell says the verdict and how long it took until nothing was left, once the run had come to grief (or to its
end). How it is done: [teardown.md](teardown.md).

This page is written by \`npm run kill-matrix\`, which runs the tests
(\`packages/fixtures/src/kill-matrix/kill-matrix.swarm.test.ts\`; \`npm test\` does so, too) and fails when a cell is not green.

${table('cases', cells)}

${table('engine', cells)}
`
}
