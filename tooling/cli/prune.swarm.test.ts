import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { OwnEngine } from '@cc-ci/harness/test-engine'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type CliEnd, TestHost } from './test-host.ts'

// An engine that is pruned must be nobody else's: only root can start one. What goes and what stays is the harness's to test.
describe.runIf(process.getuid?.() === 0)('cc-ci prune', () => {
  let engine: OwnEngine
  let host: TestHost
  beforeAll(async () => {
    engine = await OwnEngine.open([])
  })
  afterAll(() => engine?.[Symbol.asyncDispose]())
  beforeEach(async () => {
    host = await TestHost.open()
  })
  afterEach(() => host[Symbol.dispose]())

  const env = (changes: Record<string, string> = {}) => ({
    DOCKER_HOST: engine.dockerHost,
    CCCI_LEASE_DIR: join(host.stateDir, 'leases'),
    CCCI_PRUNE_AT: '0',
    ...changes,
  })

  const told = ({ all }: CliEnd) =>
    all.replaceAll(/ {2}(\d+ ms|\d+\.\d s)$/gm, '  <time>').replaceAll(/\d+\.\d % full/g, '<percent> full')

  test('says which gate held it, with exit code 0', async () => {
    const end = await host.cli(['prune'], { env: env({ CCCI_PRUNE_AT: '99.9' }) })
    expect(end.exitCode, end.all).toBe(0)
    expect(told(end)).toMatchInlineSnapshot(`
      "records  within  0 runs take 0 B of 2.0 GB
      snapshots  within  0 in all, 0 B of 20.0 GB
      docker  held
          by the gate disk: / is <percent> full; pruned from 99.9 % on"
    `)
  })

  test('says what it would do, and what it did', async () => {
    const dry = await host.cli(['prune', '--dry-run'], { env: env() })
    expect(dry.exitCode, dry.all).toBe(0)
    expect(told(dry)).toMatchInlineSnapshot(`
      "records  within  0 runs take 0 B of 2.0 GB
      snapshots  within  0 in all, 0 B of 20.0 GB
      docker  would prune
          docker container prune -f --filter until=24h
          docker image prune -f --filter until=24h
          docker builder prune -f --filter until=24h"
    `)
    const end = await host.cli(['prune'], { env: env() })
    expect(end.exitCode, end.all).toBe(0)
    expect(told(end)).toMatchInlineSnapshot(`
      "records  within  0 runs take 0 B of 2.0 GB
      snapshots  within  0 in all, 0 B of 20.0 GB
      docker  pruned
          docker container prune -f --filter until=24h  0 B freed, 0 removed  <time>
          docker image prune -f --filter until=24h  0 B freed, 0 removed  <time>
          docker builder prune -f --filter until=24h  0 B freed, 0 removed  <time>"
    `)
    const lines = readFileSync(join(host.stateDir, 'prune.jsonl'), 'utf8').trim().split('\n')
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { what: 'records', outcome: 'within' },
      { what: 'snapshots', outcome: 'within' },
      { what: 'docker', outcome: 'pruned' },
    ])
  })

  /** A docker that stands in the way of the real one. */
  const inTheWay = (script: string) => {
    writeFileSync(join(host.stateDir, 'docker'), `#!/bin/sh\n${script}\n`)
    chmodSync(join(host.stateDir, 'docker'), 0o755)
    return env({ PATH: `${host.stateDir}:${process.env.PATH}` })
  }

  test('ends with 3 when docker fails, and says why', async () => {
    const end = await host.cli(['prune'], { env: inTheWay('echo "no space left on device" >&2; exit 7') })
    expect(end.exitCode, end.all).toBe(3)
    expect(end.all).toContain('no space left on device')
  })

  test('ends when it is told to, with what it is doing', async () => {
    const prune = host.start(['prune'], { env: inTheWay('kill -TERM $PPID; exec sleep 60') })
    const { exitCode, all } = await prune.end
    expect(exitCode, all).toBe(143)
    expect(all).toContain('was aborted')
  })
})
