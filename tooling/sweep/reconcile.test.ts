import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { reconcileStep } from './reconcile.ts'
import type { SweptApp } from './record.ts'

// A program of the test stands in for the command line: what `cc-ci reconcile` does is not the point here.

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ccci-reconcile-step-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const line = (recipe: string) => {
  const app = { recipe, domain: 'd', stack: 's', outcome: 'current', alerts: [], warnings: [], durationMs: 3 }
  return `console.log(${JSON.stringify(JSON.stringify(app))});`
}

async function step(script: string, onStart: (kill: (signal: NodeJS.Signals) => void) => void = () => {}) {
  const program = join(folder, 'program.mjs')
  writeFileSync(program, script)
  const apps: SweptApp[] = []
  const done = reconcileStep({ root: '/root', folder, count: 2, program, onStart, onApp: (app) => apps.push(app) })
  return { error: await done.then(() => undefined).catch((error: Error) => error), apps }
}

test('each app’s result is taken, and nothing beside', async () => {
  const { error, apps } = await step(`console.error('looking');${line('keycloak')}${line('traefik')}`)
  expect(error).toBeUndefined()
  expect(apps).toEqual([
    { recipe: 'keycloak', domain: 'd', outcome: 'current', alerts: [], durationMs: 3 },
    { recipe: 'traefik', domain: 'd', outcome: 'current', alerts: [], durationMs: 3 },
  ])
  expect(existsSync(join(folder, 'reconcile.jsonl'))).toBe(false)
})

test('that not all had their turn is an error, with the last words', async () => {
  const { error, apps } = await step(`${line('keycloak')}console.error('no docker');process.exitCode = 3`)
  expect(apps).toHaveLength(1)
  expect(error?.message).toContain('1 of 2 shared apps were not looked after: it ended with exit code 3.')
  expect(error?.message).toContain('last seen: no docker')
})

test('a signal is handed on, and it may end in order', async () => {
  const { error } = await step(
    `process.on('SIGTERM', () => process.exit(5)); console.error('ready'); setInterval(() => {}, 1000)`,
    (kill) => {
      const ready = () => expect(readFileSync(join(folder, 'reconcile.log'), 'utf8')).toContain('ready')
      void vi.waitFor(ready, { timeout: 15_000 }).then(() => kill('SIGTERM'))
    },
  )
  expect(error?.message).toContain('exit code 5')
})
