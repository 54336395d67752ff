import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { recipeProject } from '@cc-ci/fixtures/project'
import { defineConfig } from 'vitest/config'

const recipes = join(import.meta.dirname, 'packages', 'recipes')
const folders = readdirSync(recipes, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules')
  .map((entry) => join(recipes, entry.name))

// The suite for any recipe without one of its own; unless told otherwise it shows itself on this one.
const generic = { recipe: process.env.CCCI_RECIPE ?? 'custom-html' }

const own = ['packages/harness/src/**/*', 'packages/fixtures/src/**/*', 'tooling/**/*']

export default defineConfig({
  test: {
    reporters: ['default', '@cc-ci/fixtures/reporter'],
    projects: [
      {
        test: {
          name: 'unit',
          include: own.map((path) => `${path}.test.ts`),
          // Sample recipes ship tests of their own, which are run against their apps.
          exclude: ['**/node_modules/**', '**/*.swarm.test.ts', '**/*.apps.test.ts', 'tooling/dev-host/recipes/**'],
          testTimeout: 20_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'swarm',
          include: own.map((path) => `${path}.swarm.test.ts`),
          exclude: ['**/node_modules/**'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // These tests are about one thing each; that they wait for each other's capacity is not it.
          env: { CCCI_CAPACITY: '64' },
          // A few apps side by side, which mostly wait; with many more, they would wait for the machine.
          maxWorkers: 3,
          maxConcurrency: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'apps',
          // They need an app that takes minutes to build and half a gigabyte to run: npm run test:apps brings it up.
          include: own.map((path) => `${path}.apps.test.ts`),
          exclude: ['**/node_modules/**'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          env: { CCCI_CAPACITY: '64' },
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
      ...(await Promise.all(
        folders.map((root) => recipeProject({ root, ...(root.endsWith('/generic') ? generic : {}) })),
      )),
    ],
  },
})
