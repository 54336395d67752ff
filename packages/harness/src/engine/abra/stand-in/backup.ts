import { findApp, type StandInApp } from './app.ts'
import { docker } from './docker.ts'
import { FataError } from './fata.ts'
import type { Given } from './flags.ts'

// The part of the bot is played here, too: hooks, volumes by their labels, restic in the bot's container.

interface Service {
  id: string
  labels: Record<string, string>
}

async function services(filter: string): Promise<Service[]> {
  const ids = (await docker(['service', 'ls', '--quiet', '--filter', filter])).split('\n').filter(Boolean)
  // Those of other apps may go meanwhile.
  const texts = await Promise.all(ids.map((id) => docker(['service', 'inspect', id]).catch(() => '[]')))
  const found = texts.flatMap((text) => JSON.parse(text) as { ID: string; Spec: { Labels: Record<string, string> } }[])
  return found.map(({ ID: id, Spec }) => ({ id, labels: Spec.Labels }))
}

const ofApp = ({ stack }: StandInApp) => services(`label=com.docker.stack.namespace=${stack}`)

async function container({ id }: Service): Promise<string> {
  return await docker(['ps', '--quiet', '--filter', `label=com.docker.swarm.service.id=${id}`])
}

async function bot(): Promise<string> {
  const isBot = ({ labels }: Service) =>
    Object.entries(labels).some(([key, value]) => key.endsWith('.recipe') && value === 'backup-bot-two')
  const found = (await services('mode=replicated')).find(isBot)
  if (!found) throw new FataError('no backup-bot-two found')
  return await container(found)
}

async function hooks(app: StandInApp, label: string): Promise<void> {
  for (const service of await ofApp(app)) {
    const hook = service.labels[label]
    if (hook) await docker(['exec', await container(service), 'sh', '-c', hook])
  }
}

/** `app backup create <domain>` */
export async function backupCreate({ words: [domain] }: Given): Promise<void> {
  const app = findApp(domain)
  const where = await bot()
  const limits = Object.assign({}, ...(await ofApp(app)).map(({ labels }) => labels)) as Record<string, string>
  const names = await docker(['volume', 'ls', '--format', '{{.Name}}', '--filter', `name=${app.stack}_`])
  const paths = names.split('\n').flatMap((name) => {
    const key = `backupbot.backup.volumes.${name.slice(app.stack.length + 1)}`
    if (limits[key] === 'false') return []
    const root = `/var/lib/docker/volumes/${name}/_data`
    return limits[`${key}.path`]?.split(',').map((path) => `${root}/${path}`) ?? [root]
  })
  await hooks(app, 'backupbot.backup.pre-hook')
  // Like the bot, it does not mind what is not there.
  const restic =
    'for path; do [ -e "$path" ] || continue; set -- "$@" "$path"; done; shift "$n"; restic backup --host "$host" "$@"'
  const variables = ['--env', `host=${app.stack}`, '--env', `n=${paths.length}`]
  console.log(await docker(['exec', ...variables, where, 'sh', '-c', restic, 'sh', ...paths]))
  await hooks(app, 'backupbot.backup.post-hook')
  console.log('backup finished')
}

/** `app restore <domain>`: the newest backup of the app. */
export async function restore({ words: [domain] }: Given): Promise<void> {
  const app = findApp(domain)
  const where = await bot()
  await hooks(app, 'backupbot.restore.pre-hook')
  await docker(['exec', where, 'restic', 'restore', 'latest', '--host', app.stack, '--target', '/'])
  await hooks(app, 'backupbot.restore.post-hook')
  console.log('restore finished')
}
