import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openHelper } from '../docker/helper.ts'
import { openTestStack } from '../docker/test-stack.ts'
import { run } from '../process/run.ts'
import {
  AppStillDeployedError,
  NoSnapshotError,
  NoVolumesError,
  SnapshotBusyError,
  SnapshotDamagedError,
  SnapshotFailedError,
  SnapshotToolsMissingError,
  VolumeInUseError,
} from './errors.ts'
import { readSnapshot, verifySnapshot } from './intact.ts'
import { currentSnapshot } from './place.ts'
import { restoreSnapshot } from './restore.ts'
import { takeSnapshot } from './take.ts'
import { overNetwork, type TestApp, testApp } from './test-app.ts'
import { thereAndBack } from './test-kill.ts'
import { folderSums, inVolume, makeNasty } from './test-volumes.ts'

const LIMITS = { timeoutMs: 60_000 }

const restore = ({ target }: TestApp) => restoreSnapshot(target, LIMITS)

test('the nastiest tree comes back exactly as it was', async () => {
  await using app = await testApp(['files', 'empty'])
  const host = { docker: app.target.docker, image: app.target.helperImage }
  await inVolume(host, app.volume('files'), makeNasty)
  const before = { files: await app.list('files'), empty: await app.list('empty') }
  expect(before.files.filter((line) => line.includes('security.capability'))).toHaveLength(1)
  expect(before.files.filter((line) => line.includes('system.posix_acl'))).toHaveLength(4)

  const taken = await app.take('1.0.0+1')
  expect(taken.volumes.map(({ name }) => name)).toEqual([app.volume('empty'), app.volume('files')])
  expect(taken.volumes.map(({ files }) => files)).toEqual([{ d: 1 }, expect.objectContaining({ c: 1, b: 1, p: 1 })])
  expect({ files: await app.list('files'), empty: await app.list('empty') }).toEqual(before)

  await app.sh('files', 'rm -rf ./* && echo other > new && chmod 700 . && chown 9:9 .')
  await app.sh('empty', 'echo something > there')
  await restore(app)
  expect({ files: await app.list('files'), empty: await app.list('empty') }).toEqual(before)
  expect(await app.helpers()).toEqual([])
})

test('a socket, to which nobody listens any more, is all that does not come back', async () => {
  await using app = await testApp(['files'])
  await app.sh('files', 'echo kept > file; touch -d 2001-02-03 .')
  const before = await app.list('files')
  const bind = 'socket(S, PF_UNIX, SOCK_STREAM, 0); bind(S, sockaddr_un("/v/socket")) or die $!'
  await app.sh('files', `perl -MSocket -e '${bind}'; touch -d 2001-02-03 .`)
  expect(await app.list('files')).not.toEqual(before)
  await app.take('1')
  await restore(app)
  expect(await app.list('files')).toEqual(before)
})

test('a volume that is a folder of the host is emptied and filled', async () => {
  await using app = await testApp([])
  const device = mkdtempSync(join(tmpdir(), 'cc-ci-device-'))
  try {
    const { docker } = app.target
    const Name = app.volume('files')
    const DriverOpts = { type: 'none', o: 'bind', device }
    await docker.createVolume({ Name, Driver: 'local', DriverOpts, Labels: { note: 'kept' } })
    await app.sh('files', 'echo kept > file')
    await app.take('1')
    await app.sh('files', 'echo changed > file; mkdir -p more/.hidden')
    await restore(app)
    expect(readdirSync(device)).toEqual(['file'])
    expect(readFileSync(join(device, 'file'), 'utf8')).toBe('kept\n')
    expect(await docker.getVolume(Name).inspect()).toMatchObject({ Options: DriverOpts, Labels: { note: 'kept' } })
  } finally {
    rmSync(device, { recursive: true, force: true })
  }
})

test('a sparse file takes no more room in the snapshot than it has data', async () => {
  await using app = await testApp(['files'])
  await app.sh('files', 'truncate -s 2G big; printf data | dd of=big bs=1 seek=1G conv=notrunc status=none')
  const [volume] = (await app.take('1')).volumes
  expect(volume?.size).toBeLessThan(10_000)
})

test('the new one takes the place of the old, and what stands beside is left alone', async () => {
  await using app = await testApp(['files'])
  await app.sh('files', 'echo one > file')
  await app.take('1.0.0+1')
  await app.sh('files', 'echo two > file')
  await app.take('2.0.0+1')
  expect(readSnapshot(app.target.stateDir, 'some-app')).toMatchObject({ version: '2.0.0+1', commit: 'c0ffee' })
  expect(app.beside()).toEqual(['last-good.json', 'snapshot', expect.stringMatching(/^snapshot\.\d{8}T/)])
  expect(readFileSync(join(app.folder, 'last-good.json'), 'utf8')).toBe('{ "version": "0" }')
  await app.sh('files', 'echo three > file')
  await restore(app)
  expect(await app.sh('files', 'cat file')).toBe('two\n')
})

test('volumes that were removed come back, and those that the snapshot does not know go', async () => {
  await using app = await testApp(['kept', 'lost'])
  await app.sh('lost', 'echo here > file')
  const { docker } = app.target
  const described = await docker.getVolume(app.volume('lost')).inspect()
  await app.take('1')
  await docker.getVolume(app.volume('lost')).remove()
  await docker.createVolume({ Name: app.volume('late') })
  await restore(app)
  expect(await app.sh('lost', 'cat file')).toBe('here\n')
  const { Labels, Driver } = await docker.getVolume(app.volume('lost')).inspect()
  expect({ Labels, Driver }).toEqual({ Labels: described.Labels, Driver: described.Driver })
  await expect(docker.getVolume(app.volume('late')).inspect()).rejects.toMatchObject({ statusCode: 404 })
})

const flip = (file: string) => {
  const bytes = readFileSync(file)
  const middle = Math.floor(bytes.length / 2)
  bytes[middle] = (bytes[middle] ?? 0) ^ 1
  writeFileSync(file, bytes)
}

test.for<[string, RegExp, (folder: string, archive: string) => void]>([
  ['one flipped bit of an archive', /its checksum is/, (folder, archive) => flip(join(folder, archive))],
  ['a shorter archive', /it has \d+ bytes, not/, (folder, archive) => truncateSync(join(folder, archive), 20)],
  ['an archive that is gone', /it is not there/, (folder, archive) => rmSync(join(folder, archive))],
  ['one flipped bit of the manifest', /manifest\.json/, (folder) => flip(join(folder, 'manifest.json'))],
  [
    'a changed manifest',
    /manifest\.json/,
    (folder) => {
      const file = join(folder, 'manifest.json')
      writeFileSync(file, readFileSync(file, 'utf8').replace('"version": "1"', '"version": "2"'))
    },
  ],
])('%s is refused before a volume is touched', async ([, says, damage]) => {
  await using app = await testApp(['a', 'b'])
  await app.sh('b', 'head -c 3000 /dev/urandom > file')
  await app.take('1')
  await app.sh('a', 'echo later > file')
  const before = await Promise.all(['a', 'b'].map((name) => app.list(name)))
  const folder = currentSnapshot(app.folder) ?? ''
  damage(folder, `${app.volume('b')}.tar.zst`)
  const error = await restore(app).catch((thrown) => thrown)
  expect(error).toBeInstanceOf(SnapshotDamagedError)
  expect(error.message).toMatch(says)
  expect(error.told).toMatchObject({ evidence: folder, todo: expect.any(String) })
  expect(await Promise.all(['a', 'b'].map((name) => app.list(name)))).toEqual(before)
  await expect(verifySnapshot(app.target, LIMITS)).rejects.toThrow(SnapshotDamagedError)
})

test('an app that is still deployed is refused, both ways', async () => {
  await using app = await testApp(['files'])
  await app.sh('files', 'echo before > file')
  const before = await app.take('1')
  const { docker, helperImage: image, stack: name } = app.target
  const stack = await openTestStack(docker, { image, name, services: { app: { volumes: ['files'] } } })
  try {
    await stack.sh('app', 'echo live > /data/files/file')
    await expect(app.take('2')).rejects.toThrow(AppStillDeployedError)
    await expect(restore(app)).rejects.toThrow(AppStillDeployedError)
    expect((await stack.sh('app', 'cat /data/files/file')).stdout).toBe('live\n')
    expect(readSnapshot(app.target.stateDir, 'some-app')).toEqual(before)
  } finally {
    await stack.remove()
  }
})

test('an engine on another machine is as good', async () => {
  await using app = await testApp(['files'])
  const host = { docker: app.target.docker, image: app.target.helperImage }
  await inVolume(host, app.volume('files'), makeNasty)
  await app.sh('files', 'head -c 20000000 /dev/urandom > large')
  const before = await app.list('files')
  await using engine = await overNetwork(app.where.dockerHost)
  await thereAndBack({ ...app.where, dockerHost: engine.dockerHost })
  expect(await app.list('files')).toEqual(before)
  expect(await app.helpers()).toEqual([])
})

test('a volume that somebody uses is refused, both ways, and so is an app without any', async () => {
  await using app = await testApp(['a', 'b'])
  await app.sh('a', 'echo kept > file')
  const before = await app.take('1')
  await app.sh('a', 'echo later > file')
  const { docker, helperImage: image } = app.target
  const volumes = [{ name: app.volume('b'), target: '/b', readOnly: true }]
  const user = await openHelper(docker, { image, labels: {}, volumes })
  try {
    await expect(app.take('2')).rejects.toThrow(VolumeInUseError)
    await expect(restore(app)).rejects.toThrow(VolumeInUseError)
  } finally {
    await user.close()
  }
  expect(await app.sh('a', 'cat file')).toBe('later\n')
  expect(readSnapshot(app.target.stateDir, 'some-app')).toEqual(before)
  await expect(
    takeSnapshot({ ...app.target, stack: 'nobody' }, { ...LIMITS, version: '', commit: '' }),
  ).rejects.toThrow(NoVolumesError)
  await expect(restoreSnapshot({ ...app.target, stack: 'nobody' }, LIMITS)).rejects.toThrow(NoSnapshotError)
})

test('an image that cannot pack is refused before anything is touched', async () => {
  await using app = await testApp(['files'])
  await app.sh('files', 'echo kept > file')
  await app.take('1')
  const folder = currentSnapshot(app.folder)
  const target = { ...app.target, helperImage: 'cc-ci/base:latest' }
  await expect(takeSnapshot(target, { ...LIMITS, version: '2', commit: '' })).rejects.toThrow(SnapshotToolsMissingError)
  await expect(restoreSnapshot(target, LIMITS)).rejects.toThrow(SnapshotToolsMissingError)
  expect(currentSnapshot(app.folder)).toBe(folder)
  expect(await app.sh('files', 'cat file')).toBe('kept\n')
  expect(await app.helpers()).toEqual([])
})

test('two cannot use the snapshot of a recipe at the same time', async () => {
  await using app = await testApp(['files'])
  let other: Promise<unknown> | undefined
  const onStep = () => {
    other ??= expect(verifySnapshot(app.target, LIMITS)).rejects.toThrow(SnapshotBusyError)
  }
  await takeSnapshot(app.target, { ...LIMITS, version: '1', commit: '', onStep })
  expect(other).toBeDefined()
  await other
})

test('an abort ends it at once, for its reason, and the old one stays in force', async () => {
  await using app = await testApp(['files'])
  await app.sh('files', 'head -c 50000000 /dev/urandom > file')
  await app.take('1')
  const sums = folderSums(currentSnapshot(app.folder) ?? '')
  const abort = new AbortController()
  const reason = new Error('enough')
  const onStep = (step: string) => step === 'reading' && abort.abort(reason)
  const options = { ...LIMITS, version: '2', commit: '', signal: abort.signal, onStep }
  await expect(takeSnapshot(app.target, options)).rejects.toBe(reason)
  expect(folderSums(currentSnapshot(app.folder) ?? '')).toEqual(sums)
  expect(app.beside()).toHaveLength(3)
  expect(await app.helpers()).toEqual([])
  await expect(takeSnapshot(app.target, { ...options, signal: undefined, timeoutMs: 1 })).rejects.toThrow(
    'within 0.001 s',
  )
})

test('a full disk leaves the old one in force, and nothing of the new', async () => {
  await using app = await testApp(['files'])
  const { stateDir } = app.target
  await run('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', stateDir])
  try {
    await app.sh('files', 'head -c 1000000 /dev/urandom > file')
    const old = await app.take('1')
    await app.sh('files', 'head -c 9000000 /dev/urandom > file')
    const error = await app.take('2').catch((thrown) => thrown)
    expect(error).toBeInstanceOf(SnapshotFailedError)
    expect(error.message).toMatch(/no space left/i)
    expect(await verifySnapshot(app.target, LIMITS)).toEqual(old)
    expect(app.beside()).toEqual(['snapshot', expect.stringMatching(/^snapshot\.\d/)])
    expect(await app.helpers()).toEqual([])
  } finally {
    await run('umount', [stateDir])
  }
})

test('a restore that was aborted is done by the next', async () => {
  await using app = await testApp(['files'])
  await app.sh('files', 'head -c 5000000 /dev/urandom > file; chmod 640 file')
  const before = await app.list('files')
  await app.take('1')
  const abort = new AbortController()
  const onStep = (step: string) => step === 'made anew' && abort.abort()
  await expect(restoreSnapshot(app.target, { ...LIMITS, signal: abort.signal, onStep })).rejects.toThrow()
  expect(await app.helpers()).toEqual([])
  await restore(app)
  expect(await app.list('files')).toEqual(before)
})
