import { mkdir, mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadSettings } from '../../settings/load.ts'
import type { Settings } from '../../settings/schema.ts'
import type { EngineApp } from '../engine.ts'
import { abraEnvFile, checkAbraHost, runAbraDir } from './abra-dir.ts'
import { AbraMissingError } from './errors.ts'

let folder: string
let settings: Settings
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cc-ci-abra-dir-'))
  settings = {
    ...(await loadSettings({ env: { CCCI_STATE_DIR: folder } })),
    abraDir: join(folder, 'abra'),
    abra: 'true',
  }
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const app = (dir: string) => ({ recipe: 'sample', checkout: { dir } }) as EngineApp

test('a run has recipes of its own, and shares servers and catalogue', async () => {
  await mkdir(join(settings.abraDir, 'servers', 'default'), { recursive: true })
  await mkdir(join(settings.abraDir, 'catalogue'))
  const dir = await runAbraDir(app(join(folder, 'run', 'recipes', 'sample')), settings)
  expect(dir).toBe(join(folder, 'run'))
  expect(await readlink(join(dir, 'servers'))).toBe(join(settings.abraDir, 'servers'))
  expect(await readlink(join(dir, 'catalogue'))).toBe(join(settings.abraDir, 'catalogue'))
  await runAbraDir(app(join(folder, 'run', 'recipes', 'sample')), settings)
  await writeFile(abraEnvFile(settings, 'a.example.org'), 'TYPE=a')
  expect(await readFile(join(dir, 'servers', 'default', 'a.example.org.env'), 'utf8')).toBe('TYPE=a')
  // What removes the run's folder must not follow the links.
  await rm(dir, { recursive: true })
  expect(await readFile(abraEnvFile(settings, 'a.example.org'), 'utf8')).toBe('TYPE=a')
})

test('a checkout that abra would not find is refused', async () => {
  await expect(runAbraDir(app(join(folder, 'clone')), settings)).rejects.toThrow(TypeError)
})

test('a host without the server is told what to do', async () => {
  await expect(checkAbraHost(settings)).rejects.toThrow(AbraMissingError)
  await expect(checkAbraHost(settings)).rejects.toThrow(/abra server add --local/)
  await mkdir(join(settings.abraDir, 'servers', 'default'), { recursive: true })
  await checkAbraHost(settings)
})
