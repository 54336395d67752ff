import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readSnapshot, verifySnapshot } from './intact.ts'
import { currentSnapshot } from './place.ts'
import { RESTORE_STEPS, restoreSnapshot } from './restore.ts'
import { SNAPSHOT_STEPS, type SnapshotStep } from './take.ts'
import { testApp } from './test-app.ts'
import { restoreAndDie, takeAndDie } from './test-kill.ts'
import { folderSums } from './test-volumes.ts'

const LIMITS = { timeoutMs: 60_000 }
const IN_FORCE: SnapshotStep[] = ['in force', 'old removed']

describe('a snapshot whose process is killed', () => {
  test.for(SNAPSHOT_STEPS)('after “%s” leaves the old one or the new one, whole', async (step) => {
    await using app = await testApp(['files'])
    await app.sh('files', 'head -c 3000000 /dev/urandom > file')
    const old = await app.list('files')
    await app.take('old')
    const sums = folderSums(currentSnapshot(app.folder) ?? '')
    await app.sh('files', 'head -c 3000000 /dev/urandom > file; touch more')
    const changed = await app.list('files')

    await takeAndDie(app.where, step)

    const isNew = IN_FORCE.includes(step)
    expect(readSnapshot(app.target.stateDir, 'some-app')?.version).toBe(isNew ? 'other' : 'old')
    if (!isNew) expect(folderSums(currentSnapshot(app.folder) ?? '')).toEqual(sums)
    await verifySnapshot(app.target, LIMITS)
    await restoreSnapshot(app.target, LIMITS)
    expect(await app.list('files')).toEqual(isNew ? changed : old)

    await app.take('next')
    expect(app.beside()).toEqual(['last-good.json', 'snapshot', expect.stringMatching(/^snapshot\.\d/)])
    expect(readFileSync(join(app.folder, 'last-good.json'), 'utf8')).toBe('{ "version": "0" }')
    expect(await app.helpers()).toEqual([])
  })

  test('while there was none before leaves none', async () => {
    await using app = await testApp(['files'])
    await takeAndDie(app.where, 'named')
    expect(readSnapshot(app.target.stateDir, 'some-app')).toBeUndefined()
    await app.take('second')
    expect(readSnapshot(app.target.stateDir, 'some-app')?.version).toBe('second')
    expect(app.beside()).toHaveLength(3)
  })
})

describe('a restore whose process is killed', () => {
  test.for(RESTORE_STEPS)('after “%s” is done by the next', async (step) => {
    await using app = await testApp(['a', 'b'])
    for (const name of ['a', 'b']) await app.sh(name, 'head -c 3000000 /dev/urandom > file')
    const before = await Promise.all(['a', 'b'].map((name) => app.list(name)))
    await app.take('1')
    for (const name of ['a', 'b']) await app.sh(name, 'rm file; touch other')
    await restoreAndDie(app.where, step)
    await restoreSnapshot(app.target, LIMITS)
    expect(await Promise.all(['a', 'b'].map((name) => app.list(name)))).toEqual(before)
    expect(await app.helpers()).toEqual([])
  })
})
