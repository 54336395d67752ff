import type Docker from 'dockerode'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { removeStack } from '../../app/teardown.ts'
import { converge } from '../../docker/converge.ts'
import { execOk } from '../../docker/exec.ts'
import { deployTestServices } from '../../docker/test-compose.ts'
import { testHost } from '../../docker/test-stack.ts'
import { chosenBackupBot } from '../../engine/chosen.ts'
import { openTestApp, STAND_IN, type TestApp } from '../../engine/conformance-app.ts'
import { loadRecipe } from '../../engine/swarm/swarm-engine.ts'
import { backupSpec } from '../../recipe/backup-labels.ts'
import type { TestCommit } from '../../recipe/test-repository.ts'
import type { Backup, BackupTarget } from '../backup.ts'
import { EmptyBackupError, TruncatedBackupError } from '../verify.ts'
import { BackupBotMissingError, findBot } from './bot.ts'

// abra and the bot are stand-ins; restic, the hooks, the volumes and the app are real.

const START =
  'mkdir -p /run/secrets && echo of-the-test > /run/secrets/restic_password && restic init && sleep infinity'

let docker: Docker
let image: string
let bot: string
beforeAll(async () => {
  const host = await testHost()
  docker = host.docker
  image = host.image
  bot = host.unique
  const before = await findBot(docker).catch((error: unknown) => error)
  expect(before).toBeInstanceOf(BackupBotMissingError)
  expect(String(before)).toContain('abra app new backup-bot-two')
  const { DockerRootDir: root } = (await docker.info()) as { DockerRootDir: string }
  await deployTestServices(bot, {
    app: {
      image,
      init: true,
      command: ['sh', '-c', START],
      // Not by restic itself: that takes a lock, and the bot may have to wait for the machine.
      healthcheck: { test: ['CMD', 'test', '-s', '/repository/config'], interval: '500ms', start_period: '60s' },
      environment: { RESTIC_REPOSITORY: '/repository', RESTIC_PASSWORD_FILE: '/run/secrets/restic_password' },
      volumes: [`${root}/volumes:/var/lib/docker/volumes`],
      deploy: { labels: [`coop-cloud.${bot}.recipe=backup-bot-two`] },
    },
  })
  await converge(docker, bot, { timeoutMs: 60_000 })
})
afterAll(() => removeStack(docker, bot, { timeoutMs: 60_000 }))

const files = (labels: string[]): TestCommit['files'] => ({
  '.env.sample': 'TYPE=sample\nDOMAIN=x\n',
  'compose.yml': `
version: "3.8"
services:
  app:
    image: ${image}
    init: true
    command: [sleep, infinity]
    volumes: ["content:/content", "db:/db"]
    deploy:
      labels:
        - coop-cloud.\${STACK_NAME}.version=1.0.0+1
        - backupbot.backup=true
        ${labels.map((label) => `- '${label}'`).join('\n        ')}
volumes: {content: {}, db: {}}
`,
})

interface Saved extends AsyncDisposable {
  one: TestApp
  backup: Backup
  target: BackupTarget
}

/** An app whose backups the bot makes. */
async function openSaved(...labels: string[]): Promise<Saved> {
  const settings = { backup: 'backupbot' as const }
  const candidate = { engine: 'abra' as const, abra: STAND_IN }
  const one = await openTestApp(candidate, [{ version: '1.0.0+1', files: files(labels) }], { settings })
  const target = await one.target('1.0.0+1')
  await one.engine.create(one.app, target, {})
  await one.engine.deploy(one.app, target)
  await one.up()
  const spec = backupSpec((await loadRecipe(one.app)).compose)
  const backup = chosenBackupBot(docker, one.settings, one.app, {})
  if (!spec || !backup) return expect.unreachable('the app has no backup')
  const { stack, runId } = one.app
  return {
    one,
    backup,
    target: { stack, runId, spec },
    async [Symbol.asyncDispose]() {
      await backup.close()
      await one[Symbol.asyncDispose]()
    },
  }
}

test('saves by the labels, hooks around it, names what it saved, and brings it back', async () => {
  await using saved = await openSaved(
    'backupbot.backup.volumes.db.path=dump.sql',
    'backupbot.backup.pre-hook=cp /db/live /db/dump.sql',
    'backupbot.restore.post-hook=cp /db/dump.sql /db/live',
  )
  const { one, backup, target } = saved
  await one.sh('echo page > /content/a.html; mkdir /content/sub; echo more > /content/sub/b; echo rows > /db/live')
  const snapshot = await backup.create(target)
  expect(snapshot).toMatchObject({
    id: expect.stringMatching(/^[0-9a-f]{8,}$/),
    files: 3,
    bytes: 15,
    perVolume: { [`${target.stack}_content`]: { files: 2, bytes: 10 }, [`${target.stack}_db`]: { files: 1, bytes: 5 } },
  })
  expect(String(await backup.read(snapshot, `${target.stack}_db`, 'dump.sql'))).toBe('rows\n')
  await one.sh('rm -r /content/sub; echo other > /content/a.html; echo none > /db/live; rm /db/dump.sql')
  await backup.restore(target, snapshot)
  expect(await one.sh('cat /content/a.html /content/sub/b /db/live')).toBe('page\nmore\nrows')
  const known = async () => (await execOk(docker, await findBot(docker), ['restic', 'snapshots', '--json'])).stdout
  expect(await known()).toContain(snapshot.id)
  await backup.close()
  expect(await known()).not.toContain(snapshot.id)
})

test('a dump that the labels name and nobody wrote is missed, although the bot says that all went well', async () => {
  await using saved = await openSaved('backupbot.backup.volumes.db.path=dump.sql')
  await saved.one.sh('echo page > /content/a.html')
  await expect(saved.backup.create(saved.target)).rejects.toThrow(EmptyBackupError)
})

test('a dump that stops half-way is refused', async () => {
  await using saved = await openSaved(
    'backupbot.backup.volumes.db.path=dump.sql',
    'backupbot.backup.pre-hook=echo "-- MySQL dump 10.13" > /db/dump.sql',
  )
  await expect(saved.backup.create(saved.target)).rejects.toThrow(TruncatedBackupError)
})
