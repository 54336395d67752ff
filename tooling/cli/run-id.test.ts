import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadSettings, RUN_FILES, runDir } from '@cc-ci/harness'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { runRequest } from './request.ts'

const ID = '20260130-101502-custom-html-3f9a2c'

let stateDir: string
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'ccci-run-id-'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(stateDir, { recursive: true, force: true })
})

async function request(id: string) {
  vi.stubEnv('CCCI_RUN_ID', id)
  const settings = await loadSettings({ env: { CCCI_STATE_DIR: stateDir } })
  return await runRequest('custom-html', {}, { root: stateDir, cwd: stateDir, settings })
}

test('a run takes the id that it is given, and one of its own otherwise', async () => {
  expect((await request(ID)).runId).toBe(ID)
  expect((await request('')).runId).toMatch(/^\d{8}-\d{6}-custom-html-[0-9a-f]{6}$/)
})

test('the id of a run that is there already is refused', async () => {
  mkdirSync(runDir(stateDir, ID), { recursive: true })
  expect((await request(ID)).runId).toBe(ID)
  writeFileSync(join(runDir(stateDir, ID), RUN_FILES.record), '{}')
  await expect(request(ID)).rejects.toMatchObject({ name: 'RunIdError', blame: 'usage' })
})

test.each(['../elsewhere', 'a/b', '-x', 'x'.repeat(101), 'A'])('%s is no id', async (id) => {
  await expect(request(id)).rejects.toMatchObject({ name: 'RunIdError' })
})
