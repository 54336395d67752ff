import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadSettings } from '@cc-ci/harness'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { EngineStartError, engineAnswers, ensureEngine, ForeignEngineError, startEngine } from './engine.ts'
import { devHostPaths } from './paths.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cc-ci-engine-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('an engine that dies at its start is given up at once, with its last words', async () => {
  const log = join(folder, 'log')
  const engine = startEngine(['sh', '-c', 'echo "failed to start daemon: no overlay" >&2; exit 1'], log)
  const failed = engineAnswers(`unix://${folder}/docker.sock`, engine, log)
  await expect(failed).rejects.toThrow(EngineStartError)
  await expect(failed).rejects.toThrow('failed to start daemon: no overlay')
})

test('an engine of somebody’s own that does not answer is not started', async () => {
  const env = { CCCI_STATE_DIR: folder, DOCKER_HOST: `unix://${folder}/own.sock` }
  const settings = await loadSettings({ env, cwd: folder })
  const step = { settings, paths: devHostPaths(folder), say: () => {} }
  await expect(ensureEngine(step, undefined)).rejects.toThrow(ForeignEngineError)
})
