import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { recipeProject } from '@cc-ci/fixtures/project'
import { defineConfig } from 'vitest/config'

const recipes = join(import.meta.dirname, 'packages', 'recipes')
const folders = readdirSync(recipes, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules')
  .map((entry) => join(recipes, entry.name))

const own = ['packages/harness/src/**/*', 'packages/fixtures/src/**/*', 'tooling/**/*']

export default defineConfig({
  test: {
    reporters: ['default', '@cc-ci/fixtures/reporter'],
    projects: [
      {
        test: {
          name: 'unit',
          include: own.map((path) => `${path}.test.ts`),
          exclude: ['**/node_modules/**', '**/*.swarm.test.ts'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'swarm',
          include: own.map((path) => `${path}.swarm.test.ts`),
          exclude: ['**/node_modules/**'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      ...(await Promise.all(folders.map((root) => recipeProject({ root })))),
    ],
  },
})
