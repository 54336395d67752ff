import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { type BackupSpec, backupSpec } from './backup-labels.ts'
import { readCompose } from './compose-view.ts'

const dir = mkdtempSync(join(tmpdir(), 'ccci-backup-'))
afterAll(() => rmSync(dir, { recursive: true }))

interface Service {
  labels?: Record<string, string>
  stray?: Record<string, string>
  volumes?: string[]
}

async function spec(
  services: Record<string, Service>,
  options: { env?: Record<string, string>; volumes?: Record<string, object> } = {},
): Promise<BackupSpec | undefined> {
  const mounted = Object.values(services).flatMap(({ volumes = [] }) => volumes)
  const keys = mounted.map((mount) => mount.split(':')[0] ?? '').filter((key) => !key.startsWith('/'))
  const compose = {
    services: Object.fromEntries(
      Object.entries(services).map(([name, { labels, stray, volumes }]) => [
        name,
        { image: 'x', labels: stray ?? {}, deploy: { labels: labels ?? {} }, volumes: volumes ?? [] },
      ]),
    ),
    volumes: { ...Object.fromEntries(keys.map((key) => [key, {}])), ...options.volumes },
  }
  writeFileSync(join(dir, 'compose.yml'), stringify(compose))
  return backupSpec(await readCompose({ dir, env: options.env ?? {}, stack: 's' }))
}

const brief = (found: BackupSpec | undefined): string[] | undefined =>
  found?.volumes.map(({ name, service, target, paths }) => `${name} ${service}:${target} ${paths ?? 'all'}`)

const ON = { 'backupbot.backup': 'true' }

describe('backup labels of the second generation', () => {
  test('back up every volume of the stack, whichever service mounts it', async () => {
    const found = await spec({
      app: { labels: ON, volumes: ['data:/data', 'shared:/a', '/etc/hosts:/etc/hosts', '/anonymous'] },
      db: { volumes: ['db:/var/lib/db', 'shared:/b'] },
    })
    expect(brief(found)).toEqual(['s_data app:/data all', 's_shared app:/a all', 's_db db:/var/lib/db all'])
    expect(found).toMatchObject({ services: ['app'], excluded: [], hooks: [], generation: 'v2', warnings: [] })
  })

  test('leave volumes out, or limit them to paths inside', async () => {
    const found = await spec({
      app: {
        labels: {
          ...ON,
          'backupbot.backup.volumes.cache': 'false',
          'backupbot.backup.volumes.data.path': 'a, ./b/ ,/c/d',
          'backupbot.backup.volumes.root.path': '.',
          'backupbot.backup.volumes.kept': 'true',
        },
        volumes: ['data:/data', 'cache:/cache', 'root:/r', 'kept:/k'],
      },
    })
    expect(brief(found)).toEqual(['s_data app:/data a,b,c/d', 's_root app:/r all', 's_kept app:/k all'])
    expect(found?.excluded).toEqual(['cache'])
  })

  test('may stand on several services, with database hooks on one of them', async () => {
    const found = await spec({
      app: { labels: ON, volumes: ['uploads:/u'] },
      db: {
        labels: {
          ...ON,
          'backupbot.backup.pre-hook': '/pg_backup.sh backup',
          'backupbot.backup.volumes.db-data.path': 'backup.sql',
          'backupbot.restore.post-hook': '/pg_backup.sh restore',
        },
        volumes: ['db-data:/var/lib/postgresql/data'],
      },
    })
    expect(brief(found)).toEqual(['s_uploads app:/u all', 's_db-data db:/var/lib/postgresql/data backup.sql'])
    expect(found?.hooks).toEqual([
      { service: 'db', when: 'backup.pre', command: '/pg_backup.sh backup' },
      { service: 'db', when: 'restore.post', command: '/pg_backup.sh restore' },
    ])
    expect(found?.warnings).toEqual([expect.stringContaining('several services (app, db)')])
  })

  test('may have hooks on services that are not marked themselves', async () => {
    const found = await spec({ app: { labels: ON }, db: { labels: { 'backupbot.backup.post-hook': 'rm dump' } } })
    expect(found?.hooks).toEqual([{ service: 'db', when: 'backup.post', command: 'rm dump' }])
  })

  test('that name a volume which is not the stack’s are warned about', async () => {
    const found = await spec(
      {
        app: {
          labels: { ...ON, 'backupbot.backup.volumes.dat': 'false', 'backupbot.backup.volumes.out': 'false' },
          volumes: ['data:/data', 'out:/out'],
        },
      },
      { volumes: { out: { external: true } } },
    )
    expect(brief(found)).toEqual(['s_data app:/data all'])
    expect(found?.warnings).toEqual([
      expect.stringContaining('"out" is external'),
      expect.stringContaining('volumes.dat names no volume of the stack. The nearest: data.'),
      expect.stringContaining('volumes.out names no volume'),
    ])
  })
})

describe('a recipe can be backed up', () => {
  test.each([
    ['${ENABLE_BACKUPS:-true}', {}, true],
    ['${ENABLE_BACKUPS:-true}', { ENABLE_BACKUPS: 'false' }, false],
    ['True', {}, true],
    ['false', {}, false],
    ['', {}, false],
    ['$UNSET', {}, false],
    ['daily', {}, false],
  ])('with backupbot.backup=%s and %j: %s', async (value, env, capable) => {
    const found = await spec({ app: { labels: { 'backupbot.backup': value } } }, { env })
    expect(found !== undefined).toBe(capable)
  })

  test('not with labels outside deploy:, which swarm ignores', async () => {
    expect(await spec({ app: { stray: ON } })).toBeUndefined()
    const found = await spec({ app: { labels: ON }, db: { stray: { 'backupbot.backup.pre-hook': 'x' } } })
    expect(found?.warnings).toEqual(['db: outside deploy: and therefore ignored: backupbot.backup.pre-hook.'])
  })
})

describe('backup labels of the first generation', () => {
  test('name paths in the container, which are found in the volumes', async () => {
    const found = await spec({
      app: {
        labels: { ...ON, 'backupbot.backup.path': '/data,/srv/files/a/,/srv/files/b,/tmp/dump,/deep/below' },
        volumes: ['data:/data', 'files:/srv/files', 'untouched:/other', 'deep:/deep', 'deeper:/deep/below'],
      },
    })
    expect(brief(found)).toEqual(['s_data app:/data all', 's_files app:/srv/files a,b', 's_deeper app:/deep/below all'])
    expect(found?.excluded).toEqual(['untouched', 'deep'])
    expect(found?.generation).toBe('v1')
    expect(found?.warnings).toEqual(['app: backupbot.backup.path /tmp/dump is in no volume and cannot be backed up.'])
  })

  test('a path above several volumes takes them all', async () => {
    const found = await spec({
      app: {
        labels: { ...ON, 'backupbot.backup.path': '/srv,/srv/a/x' },
        volumes: ['a:/srv/a', 'b:/srv/b', 'c:/srvc'],
      },
    })
    expect(brief(found)).toEqual(['s_a app:/srv/a all', 's_b app:/srv/b all'])
  })

  test('have a command, which is a pre-hook', async () => {
    const labels = { ...ON, 'backupbot.backup.command': 'dump.sh', 'backupbot.backup.post-hook': 'rm dump' }
    const found = await spec({ app: { labels: { ...labels, 'backupbot.backup.path': '/d' }, volumes: ['d:/d'] } })
    expect(found?.hooks.map(({ when, command }) => `${when} ${command}`)).toEqual([
      'backup.pre dump.sh',
      'backup.post rm dump',
    ])
  })

  test('beside the second generation’s leave the volumes to those', async () => {
    const labels = { ...ON, 'backupbot.backup.path': '/d/x', 'backupbot.backup.volumes.e': 'false' }
    const found = await spec({ app: { labels, volumes: ['d:/d', 'e:/e'] } })
    expect(brief(found)).toEqual(['s_d app:/d all'])
    expect(found).toMatchObject({ generation: 'mixed', excluded: ['e'] })
    expect(found?.warnings).toEqual([expect.stringContaining('first generation and ignored')])
  })
})
