import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { type Cell, page } from './page.ts'

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'cc-ci-matrix-'))
const file = join(folder, 'cells.jsonl')
try {
  const args = ['run', '--project=swarm', 'packages/fixtures/src/kill-matrix', '--reporter=default']
  const { exitCode } = await execa(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), ...args], {
    cwd: root,
    env: { CCCI_KILL_MATRIX: file },
    stdio: 'inherit',
    reject: false,
  })
  if (exitCode === 0) {
    const cells = readFileSync(file, 'utf8').trim().split('\n')
    writeFileSync(join(root, 'docs/kill-matrix.md'), page(cells.map((line) => JSON.parse(line) as Cell)))
    console.log('docs/kill-matrix.md is written.')
  }
  process.exitCode = exitCode ?? 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
