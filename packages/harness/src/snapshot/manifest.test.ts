import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SnapshotDamagedError } from './errors.ts'
import { readManifest, type SnapshotManifest, writeManifest } from './manifest.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cc-ci-manifest-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const MANIFEST: SnapshotManifest = {
  format: 1,
  recipe: 'some-app',
  stack: 'warm-some-app_ci_localhost',
  version: '1.0.0+1.2.3',
  commit: 'c0ffee',
  begunAt: '2026-01-30T10:15:02.000Z',
  takenAt: '2026-01-30T10:15:03.000Z',
  volumes: [
    {
      name: 'warm-some-app_ci_localhost_data',
      driver: 'local',
      options: {},
      labels: { 'com.docker.stack.namespace': 'warm-some-app_ci_localhost', 10: 'ten', 9: 'nine' },
      archive: 'warm-some-app_ci_localhost_data.tar.zst',
      size: 12,
      sha256: 'ab'.repeat(32),
      files: { d: 1, f: 3 },
    },
  ],
}

test('a manifest is read as it was written, and only its owner may read it', () => {
  writeManifest(folder, MANIFEST)
  expect(readManifest(folder)).toEqual(MANIFEST)
  expect(readdirSync(folder)).toEqual(['manifest.json'])
  expect(statSync(join(folder, 'manifest.json')).mode & 0o777).toBe(0o600)
})

test('no bit of its content can change unseen', () => {
  writeManifest(folder, MANIFEST)
  const file = join(folder, 'manifest.json')
  const bytes = readFileSync(file)
  const believed: string[] = []
  for (let at = 0; at < bytes.length; at += 1) {
    const damaged = Buffer.from(bytes)
    damaged[at] = (damaged[at] ?? 0) ^ 1
    writeFileSync(file, damaged)
    try {
      // White space may become other white space: what is said stays the same.
      expect(readManifest(folder)).toEqual(MANIFEST)
    } catch (error) {
      if (!(error instanceof SnapshotDamagedError)) believed.push(`byte ${at}: ${error}`)
    }
  }
  expect(believed).toEqual([])
})

test.for([
  ['missing', undefined, /ENOENT/],
  ['empty', '', /JSON/],
  ['of another kind', '{ "version": "1" }', /checksum/],
  ['a list', '[]', /checksum/],
  ['nothing', 'null', /manifest\.json/],
] as const)('a manifest that is %s is damage', ([, text, says]) => {
  if (text !== undefined) writeFileSync(join(folder, 'manifest.json'), text)
  expect(() => readManifest(folder)).toThrow(SnapshotDamagedError)
  expect(() => readManifest(folder)).toThrow(says)
})

test('what could lead out of the folder is not written', () => {
  const [volume] = MANIFEST.volumes
  if (!volume) throw new Error('no volume')
  expect(() => writeManifest(folder, { ...MANIFEST, volumes: [{ ...volume, archive: '../x' }] })).toThrow()
  expect(readdirSync(folder)).toEqual([])
})
