import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { describeResidue, residueOf } from '../../app/residue.ts'
import { removeStack } from '../../app/teardown.ts'
import { run } from '../../process/run.ts'
import type { TestCommit } from '../../recipe/test-repository.ts'
import { readSnapshot } from '../../snapshot/intact.ts'
import { currentSnapshot } from '../../snapshot/place.ts'
import { folderSums } from '../../snapshot/test-volumes.ts'
import { readPromotions } from './promotions.ts'
import { removeCanonical } from './remove.ts'
import { commit, type TestCanonical, testCanonical } from './test-canonical.ts'

const sums = ({ place }: TestCanonical) => folderSums(currentSnapshot(place.folder) ?? '')

test('a canonical is made, comes back with its data, and is put back whatever a test did to it', async () => {
  await using one = await testCanonical(commit('1.0.0+1'))
  const { place, docker } = one
  await expect(one.use()).rejects.toMatchObject({ name: 'NoCanonicalError' })

  // What is somebody else's under that name is neither taken for one nor removed.
  await docker.createVolume({ Name: one.volume })
  await expect(one.promote('1.0.0+1')).rejects.toThrow(/is no canonical of cc-ci's, so none is made there/)
  await docker.getVolume(one.volume).remove()

  const { entry, changed } = await one.promote('1.0.0+1')
  expect(changed).toBe(true)
  expect(entry).toMatchObject({
    version: '1.0.0+1',
    domain: place.domain,
    made: { how: 'fresh', runId: expect.any(String) },
  })
  expect(JSON.parse(readFileSync(join(place.folder, 'canonical.json'), 'utf8'))).toEqual(entry)
  expect(one.state()).toMatchObject({ name: one.recipe, state: { is: 'idle' }, entry })
  const before = await one.all()
  expect(before.there).toEqual([`secret ${place.stack}_token_v1`, `volume ${one.volume}`])
  expect(before.env).toContain(`DOMAIN=${place.domain}`)
  const known = sums(one)

  const user = await one.use()
  expect(user.app).toMatchObject({ version: '1.0.0+1', commit: entry.commit, url: `https://${place.domain}` })
  expect(one.state()?.state).toMatchObject({ is: 'attached', by: 'user-2', purpose: 'test' })
  await (await user.app.volume('content')).write('mine.html', 'mine')
  expect((await user.app.http.get('/mine.html')).text()).toBe('mine')
  // Everything that can be done to it.
  const container = (await user.app.service('app')).tasks.at(-1)?.containerId ?? ''
  await removeStack(docker, place.stack, { timeoutMs: 60_000 })
  expect(container).not.toBe('')
  await docker.createVolume({ Name: `${place.stack}_extra` })
  await docker.createSecret({ Name: `${place.stack}_token_v1`, Data: Buffer.from('another').toString('base64') })
  await docker.createSecret({ Name: `${place.stack}_more_v1`, Data: Buffer.from('more').toString('base64') })
  await docker.createConfig({ Name: `${place.stack}_conf_v9`, Data: Buffer.from('x').toString('base64') })
  await docker.createContainer({
    Image: 'nginx:1.22.1',
    HostConfig: { Binds: [`${one.volume}:/v`] },
    Labels: { of: place.stack },
  })
  writeFileSync(place.envFile, 'DOMAIN=elsewhere\n')
  await user.close()

  expect(await one.all()).toEqual(before)
  expect(sums(one)).toEqual(known)
  expect(await docker.listContainers({ all: true, filters: { label: [`of=${place.stack}`] } })).toEqual([])
  expect(one.state()?.state).toEqual({ is: 'idle' })
})

test('a promotion upgrades the known-good with its data; one that fails or may not be changes nothing', async () => {
  await using one = await testCanonical(commit('1.0.0+1'), commit('1.1.0+1'))
  const refused = await one.promote('1.0.0+1').catch((error: unknown) => error)
  expect(refused).toMatchObject({ name: 'NotPromotableError' })
  expect(one.state()).toBeUndefined()

  await one.promote('1.1.0+1')
  expect(await one.promote('1.1.0+1')).toMatchObject({ changed: false })
  const born = await one.sh('cat born')
  const secrets = (await one.all()).values

  const record = { ...one.record('1.1.0+1'), version: '1.2.0+1', commit: await publish(one.origin, commit('1.2.0+1')) }
  const red = { ...record, verdict: 'red' as const }
  await expect(one.promote('1.2.0+1', { record: red })).rejects.toThrow(/its verdict is red/)
  const { entry } = await one.promote('1.2.0+1', { record })
  expect(entry).toMatchObject({ version: '1.2.0+1', made: { how: 'upgraded', from: '1.1.0+1' } })
  expect(await one.sh('cat born')).toBe(born)
  const before = await one.all()
  expect(before.values).toEqual(secrets)
  const known = sums(one)

  const broken = commit('2.0.0+1', { image: 'localhost:1/no-such-image:1' })
  const bad = { ...record, version: '2.0.0+1', commit: await publish(one.origin, broken) }
  const failed = await one.promote('2.0.0+1', { record: bad }).catch((error: unknown) => error)
  expect(failed).toMatchObject({
    name: 'PromotionFailedError',
    message: expect.stringContaining(`the canonical of ${one.recipe} is what it was`),
  })
  expect(await one.all()).toEqual(before)
  expect(sums(one)).toEqual(known)
  const outcomes = readPromotions(one.settings.stateDir).map(({ outcome }) => outcome)
  expect(outcomes).toEqual(['refused', 'promoted', 'already there', 'refused', 'promoted', 'failed'])
})

/** Publishes one more version in a recipe's repository; its commit. */
async function publish(origin: string, { version, files }: TestCommit): Promise<string> {
  const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`
  const head = async () => (await run('git', ['rev-parse', 'main'], { cwd: origin })).stdout.trim()
  const who = `t <t@example.org> 1700000100 +0000\n${data(`publish ${version}`)}`
  const changes = Object.entries(files).map(([path, text]) => `M 100644 inline ${path}\n${data(text ?? '')}`)
  const input = `commit refs/heads/main\ncommitter ${who}from ${await head()}\n${changes.join('')}\ntag ${version}\nfrom refs/heads/main\ntagger ${who}`
  await run('git', ['fast-import', '--quiet'], { cwd: origin, input })
  return await head()
}

test('users take turns, a damaged one is told before anything is touched, and it can be removed', async () => {
  await using one = await testCanonical(commit('1.0.0+1'))
  await one.promote('1.0.0+1')
  const before = await one.all()
  const first = await one.use()
  const second = one.use()
  await (await first.app.volume('content')).write('first', 'first')
  await first.close()
  const next = await second
  expect(next.said()).toContain('waiting for run user-1')
  expect((await next.app.http.get('/first')).status).toBe(404)
  await next.close()
  expect(await one.all()).toEqual(before)

  const archive = join(currentSnapshot(one.place.folder) ?? '', `${one.volume}.tar.zst`)
  const whole = readFileSync(archive)
  writeFileSync(archive, Buffer.concat([whole.subarray(0, -1), Buffer.from([(whole.at(-1) ?? 0) ^ 1])]))
  await expect(one.use()).rejects.toMatchObject({ name: 'CanonicalDamagedError' })
  expect(describeResidue(await residueOf(one.docker, one.place.stack)).sort()).toEqual(before.there)
  expect(readSnapshot(one.settings.stateDir, one.recipe)?.version).toBe('1.0.0+1')

  await removeCanonical({ docker: one.docker, settings: one.settings, recipe: one.recipe })
  expect(one.state()).toBeUndefined()
  expect(describeResidue(await residueOf(one.docker, one.place.stack))).toEqual([])
  expect(existsSync(one.place.envFile)).toBe(false)
})
