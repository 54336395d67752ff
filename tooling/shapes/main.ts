import { writePage } from '../page-from-tests.ts'
import { type Proof, page } from './page.ts'

await writePage<Proof>({
  file: 'docs/shapes.md',
  tests: 'packages/harness/src/recipe/shapes',
  projects: ['unit', 'swarm'],
  variable: 'CCCI_SHAPES',
  text: page,
})
