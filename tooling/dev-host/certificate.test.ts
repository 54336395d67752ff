import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadSettings, type Settings } from '@cc-ci/harness'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { certificateFiles, ensureCertificate, usableCertificate } from './certificate.ts'
import { type DevHostPaths, devHostPaths } from './paths.ts'

let paths: DevHostPaths
let settings: Settings

beforeEach(async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'cc-ci-tls-'))
  settings = await loadSettings({ env: { CCCI_STATE_DIR: stateDir }, cwd: stateDir })
  paths = devHostPaths(stateDir)
})

afterEach(() => {
  vi.useRealTimers()
  rmSync(settings.stateDir, { recursive: true, force: true })
})

const certificate = (): X509Certificate => new X509Certificate(readFileSync(certificateFiles(paths.tls).certificate))

test('the certificate is for the base domain and every app under it, signed by the authority, for a year', async () => {
  await ensureCertificate({ settings, paths })
  const made = certificate()
  const ca = new X509Certificate(readFileSync(certificateFiles(paths.tls).ca))
  expect(made.checkHost('ci.localhost')).toBeDefined()
  expect(made.checkHost('app-1.ci.localhost')).toBeDefined()
  expect(made.checkHost('other.localhost')).toBeUndefined()
  expect(made.verify(ca.publicKey)).toBe(true)
  expect(ca.ca).toBe(true)
  expect(made.validToDate.getTime() - Date.now()).toBeGreaterThan(360 * 86_400_000)
})

test('the private keys are for their owner only', async () => {
  await ensureCertificate({ settings, paths })
  const { key, caKey } = certificateFiles(paths.tls)
  for (const file of [key, caKey]) expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('a certificate that is good is kept', async () => {
  await ensureCertificate({ settings, paths })
  const before = certificate().fingerprint256
  await ensureCertificate({ settings, paths })
  expect(certificate().fingerprint256).toBe(before)
})

test('another base domain gets a certificate of its own, from the same authority', async () => {
  await ensureCertificate({ settings, paths })
  const ca = readFileSync(certificateFiles(paths.tls).ca, 'utf8')
  await ensureCertificate({ settings: { ...settings, baseDomain: 'ci.example' }, paths })
  expect(certificate().checkHost('app.ci.example')).toBeDefined()
  expect(readFileSync(certificateFiles(paths.tls).ca, 'utf8')).toBe(ca)
})

test('less than 30 days before it expires, it is renewed', async () => {
  await ensureCertificate({ settings, paths })
  const before = certificate().fingerprint256
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 340 * 86_400_000 })
  expect(usableCertificate(certificateFiles(paths.tls), settings.baseDomain)).toBeUndefined()
  await ensureCertificate({ settings, paths })
  expect(certificate().fingerprint256).not.toBe(before)
})
