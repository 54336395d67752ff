import { writePage } from '../page-from-tests.ts'
import { type Cell, page } from './page.ts'

await writePage<Cell>({
  file: 'docs/kill-matrix.md',
  tests: 'packages/fixtures/src/kill-matrix',
  projects: ['swarm'],
  variable: 'CCCI_KILL_MATRIX',
  text: page,
})
