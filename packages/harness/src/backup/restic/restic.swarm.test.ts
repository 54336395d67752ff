import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { HelperImageMissingError } from '../../docker/helper.ts'
import { openTestStack, type TestStack, testHost } from '../../docker/test-stack.ts'
import type { Backup, BackupHook, BackupTarget } from '../backup.ts'
import { HookContainerMissingError, HookError, runHooks } from '../hooks.ts'
import { NoVolumeBackedUpError } from '../sources.ts'
import { EmptyBackupError, TruncatedBackupError } from '../verify.ts'
import { openResticBackup, RestoreTargetMissingError } from './restic.ts'

const { docker, image, unique } = await testHost()
const stackOptions = { image, name: unique, services: { app: { volumes: ['content', 'db'] }, idle: { volumes: [] } } }
const repositoryVolume = `cc-ci-${unique}-backup`
const labels = { 'cc-ci.run': unique }

let stack: TestStack
let backup: Backup

function target(
  paths: Record<string, string[] | undefined>,
  hooks: [BackupHook['when'], string, service?: string][] = [],
): BackupTarget {
  const volumes = Object.entries(paths)
  return {
    stack: unique,
    runId: unique,
    spec: {
      services: ['app'],
      volumes: volumes.map(([key, paths]) => ({
        key,
        name: `${unique}_${key}`,
        service: 'app',
        target: `/data/${key}`,
        paths,
      })),
      excluded: ['content', 'db'].filter((key) => !(key in paths)),
      hooks: hooks.map(([when, command, service = 'app']) => ({ service, when, command })),
      generation: 'v2',
      warnings: [],
    },
  }
}

const sh = async (script: string): Promise<string> => {
  const { exitCode, stdout, stderr } = await stack.sh('app', script)
  expect(stderr).toBe('')
  expect(exitCode).toBe(0)
  return stdout
}

describe('a backup with restic', () => {
  beforeAll(async () => {
    backup = openResticBackup(docker, { image, repositoryVolume, labels, containerTimeoutMs: 1_500 })
    stack = await openTestStack(docker, stackOptions)
  })
  afterAll(async () => {
    await backup.close()
    await stack.remove()
    await docker.getVolume(repositoryVolume).remove()
  })
  beforeEach(async () => {
    await sh('find /data/content /data/db /tmp -mindepth 1 -delete; touch /tmp/log')
  })
  afterEach(async () => {
    const left = await docker.listContainers({ all: true, filters: { label: [`cc-ci.run=${unique}`] } })
    expect(left).toEqual([])
  })

  test('brings content, owner, mode and times back over what is there now', async () => {
    await sh(`cd /data/content; mkdir -p sub/dir; printf kept > sub/a; printf gone > gone; rm gone; printf 'ü' > 'sub/odd name*'
      ln -s sub/a link; chown 101:102 sub sub/a; chmod 2750 sub; chmod 640 sub/a; chown 1000:1000 .; chmod 711 .
      touch -d '2020-02-03 04:05:06.123456789' sub/a; touch -d '2021-01-01' sub/dir sub .`)
    const look = `cd /data/content; find . -name later -o -printf '%p %y %u:%g %m %T@ %l\\n' | sort; cat sub/a`
    const before = await sh(look)
    const snapshot = await backup.create(target({ content: undefined }))
    expect(snapshot).toMatchObject({ files: 2, bytes: 6, perVolume: { [`${unique}_content`]: { files: 2, bytes: 6 } } })
    await sh(`cd /data/content; printf 'something longer' > sub/a; chown 0:0 sub sub/a .; chmod 777 . sub; rm -r link sub/dir
      printf later > later`)
    await backup.restore(target({ content: undefined }), snapshot)
    expect(await sh(look)).toBe(before)
    expect(await sh('cat /data/content/later; ls /data/content')).toBe('laterlater\nlink\nsub\n')
  })

  test('restores into a fresh deployment', async () => {
    await sh('printf kept > /data/content/a; chown 101:101 /data/content /data/content/a; printf other > /data/db/x')
    const snapshot = await backup.create(target({ content: undefined }))
    await stack.remove()
    stack = await openTestStack(docker, stackOptions)
    expect(await sh('ls /data/content')).toBe('')
    await backup.restore(target({ content: undefined }), snapshot)
    expect(await sh('cd /data/content; cat a; stat -c " %u" a .; ls /data/db')).toBe('kept 101\n 101\n')
  })

  test('leaves an excluded volume alone', async () => {
    await sh('printf 1 > /data/content/a; printf 1 > /data/db/b')
    const snapshot = await backup.create(target({ content: undefined }))
    expect(Object.keys(snapshot.perVolume)).toEqual([`${unique}_content`])
    await sh('printf 2 > /data/content/a; printf 2 > /data/db/b')
    await backup.restore(target({ content: undefined }), snapshot)
    expect(await sh('cat /data/content/a /data/db/b')).toBe('12')
  })

  test('saves only the paths that the labels name', async () => {
    await sh('cd /data/db; mkdir -p live/deep; printf dump > live/deep/dump.sql; printf live > live/table')
    const limited = target({ db: ['live/deep/dump.sql'] })
    const snapshot = await backup.create(limited)
    expect(snapshot).toMatchObject({ files: 1, bytes: 4 })
    await sh('cd /data/db; printf 2 > live/deep/dump.sql; printf 2 > live/table')
    await backup.restore(limited, snapshot)
    expect(await sh('cd /data/db/live; cat deep/dump.sql table')).toBe('dump2')
  })

  test('runs the hooks in their order, the dump of the first in the snapshot', async () => {
    await sh('printf 1 > /data/content/a')
    const hooked = target({ content: undefined, db: ['dump.sql'] }, [
      ['backup.pre', 'echo pre1 >> /tmp/log; printf dump > /data/db/dump.sql'],
      ['backup.post', 'echo post >> /tmp/log; rm /data/db/dump.sql'],
      ['backup.pre', 'echo pre2 >> /tmp/log'],
      ['restore.pre', 'echo restore-pre >> /tmp/log; test ! -e /data/db/dump.sql'],
      ['restore.post', 'echo restore-post >> /tmp/log; test "$(cat /data/db/dump.sql)" = dump'],
    ])
    const snapshot = await backup.create(hooked)
    expect(await sh('cat /tmp/log; ls /data/db')).toBe('pre1\npre2\npost\n')
    await backup.restore(hooked, snapshot)
    expect(await sh('tail -n 2 /tmp/log')).toBe('restore-pre\nrestore-post\n')
  })

  test('fails with a failing pre-hook, its exit code and its last lines, and still runs the post-hooks', async () => {
    await sh('printf 1 > /data/content/a')
    const hooks: Parameters<typeof target>[1] = [
      ['backup.pre', 'echo no database >&2; exit 9'],
      ['backup.post', 'echo post > /tmp/log'],
    ]
    const error = await backup.create(target({ content: undefined }, hooks)).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(HookError)
    expect(error).toMatchObject({ exitCode: 9, output: 'no database', blame: 'recipe' })
    expect(await sh('cat /tmp/log')).toBe('post\n')
  })

  test('fails with a failing post-hook', async () => {
    await sh('printf 1 > /data/content/a')
    await expect(backup.create(target({ content: undefined }, [['backup.post', 'false']]))).rejects.toThrow(HookError)
  })

  test('finds the container again that swarm started anew between two hooks', async () => {
    const hooked = target({ content: undefined }, [
      ['backup.pre', 'printf pre > /data/db/log'],
      ['backup.post', 'printf post >> /data/db/log'],
    ])
    const clocks = { hookMs: 10_000, containerMs: 20_000 }
    await runHooks(docker, hooked, 'backup.pre', clocks)
    const container = docker.getContainer(await stack.container('app'))
    await Promise.all([container.wait(), container.kill()])
    await runHooks(docker, hooked, 'backup.post', clocks)
    expect(await sh('cat /data/db/log')).toBe('prepost')
  })

  test('fails when a hook’s service has no container', async () => {
    const hooks: Parameters<typeof target>[1] = [['backup.pre', 'true', 'nobody']]
    await sh('printf 1 > /data/content/a')
    await expect(backup.create(target({ content: undefined }, hooks))).rejects.toThrow(HookContainerMissingError)
  })

  test('fails when everything is excluded', async () => {
    await expect(backup.create(target({}))).rejects.toThrow(NoVolumeBackedUpError)
  })

  test('fails when it saved nothing although the tool succeeded', async () => {
    await expect(backup.create(target({ content: undefined }))).rejects.toThrow(EmptyBackupError)
  })

  test.for([
    ['is missing', 'true'],
    ['is empty', ': > /data/db/dump.sql.gz'],
    ['unpacks to nothing', 'gzip < /dev/null > /data/db/dump.sql.gz'],
    ['is a link out of the volume', 'ln -s /tmp/log /data/db/dump.sql.gz'],
  ] as const)('fails when the dump that the labels name %s', async ([, hook]) => {
    await sh('printf 1 > /data/content/a')
    const limited = target({ content: undefined, db: ['dump.sql.gz'] }, [['backup.pre', hook]])
    await expect(backup.create(limited)).rejects.toThrow(EmptyBackupError)
  })

  test.for([
    ['dump.sql.gz', 'seq 100000 | gzip | head -c 9000 > /data/db/dump.sql.gz'],
    ['dump.sql', 'seq 100000 | gzip | head -c 9000 > /data/db/dump.sql'],
    ['dump.sql', "printf -- '-- MySQL dump 10.13\\nINSERT INTO' > /data/db/dump.sql"],
  ] as const)('fails when the dump %s stops half-way: %s', async ([path, hook]) => {
    await expect(backup.create(target({ db: [path] }, [['backup.pre', hook]]))).rejects.toThrow(TruncatedBackupError)
  })

  test('accepts a whole packed dump', async () => {
    const hook = 'seq 100000 | gzip > /data/db/dump.sql.gz'
    const limited = target({ db: ['dump.sql.gz'] }, [['backup.pre', hook]])
    expect(await backup.create(limited)).toMatchObject({ files: 1 })
  })

  test('refuses to restore a volume that the app does not have', async () => {
    await sh('printf 1 > /data/content/a; printf 1 > /data/db/b')
    const snapshot = await backup.create(target({ content: undefined, db: undefined }))
    await expect(backup.restore(target({ content: undefined }), snapshot)).rejects.toThrow(RestoreTargetMissingError)
  })

  test('ends at once with the signal', async () => {
    await sh('printf 1 > /data/content/a')
    const abort = new AbortController()
    const creating = backup.create(
      target({ content: undefined }, [['backup.pre', 'touch /tmp/started; sleep 60']]),
      abort.signal,
    )
    await expect.poll(() => sh('ls /tmp')).toContain('started')
    abort.abort(new Error('enough'))
    await expect(creating).rejects.toThrow('enough')
  })

  test('ends when it is closed, and leaves no container', async () => {
    await sh('printf 1 > /data/content/a')
    const other = openResticBackup(docker, { image, repositoryVolume: `${repositoryVolume}-2`, labels })
    const creating = other.create(target({ content: undefined }))
    await Promise.all([expect(creating).rejects.toThrow('closed'), other.close()])
    await docker.getVolume(`${repositoryVolume}-2`).remove()
  })

  test('says so when the helper image is not there', async () => {
    const repository = `${repositoryVolume}-3`
    const other = openResticBackup(docker, { image: `${unique}:none`, repositoryVolume: repository, labels })
    await expect(other.create(target({ content: undefined }))).rejects.toThrow(HelperImageMissingError)
    await other.close()
    await docker.getVolume(repository).remove()
  })
})
