import { existsSync, readFileSync } from 'node:fs'
import { connectDocker, findWarmKeycloak, hostFile, isExecutable, messageOf, type Settings } from '@cc-ci/harness'
import type Docker from 'dockerode'
import { certificateFiles, usableCertificate } from './certificate.ts'
import { GITEA, hasGitea, runningGitea } from './gitea-host.ts'
import { readHost } from './host.ts'
import { contentTag, imageId, planImages } from './images.ts'
import { devHostPaths } from './paths.ts'
import { proxyListen } from './port.ts'
import { fetchThroughProxy } from './proxy-probe.ts'
import { isCurrent, SAMPLES, sampleRecipes } from './recipes.ts'
import { runningRouter } from './router-process.ts'
import { findNetwork } from './swarm.ts'

/** One part of the dev host, as it is found. */
export interface PartStatus {
  part: string
  ok: boolean
  detail: string
}

/** The part that is there only where it was asked for. */
export const WARM_KEYCLOAK = 'warm keycloak'

/** Looks at every part of the dev host; changes nothing. */
export async function statusOf(settings: Settings): Promise<PartStatus[]> {
  const paths = devHostPaths(settings.stateDir)
  const files = certificateFiles(paths.tls)
  const certificate = usableCertificate(files, settings.baseDomain)
  const router = runningRouter(paths)
  const extras = readHost(settings.stateDir).made.extras ?? []
  return [
    ...(await ofDocker(settings)),
    {
      part: 'certificate',
      ok: certificate !== undefined,
      detail: certificate
        ? `*.${settings.baseDomain}, valid until ${certificate.validToDate.toISOString().slice(0, 10)}`
        : `none that is good for *.${settings.baseDomain}`,
    },
    { part: 'router', ok: router !== undefined, detail: router ? `process ${router.pid}` : 'not running' },
    await ofProxy(settings, files.ca),
    {
      part: 'browser',
      ok: isExecutable(settings.chromium),
      detail: `${settings.chromium}${isExecutable(settings.chromium) ? '' : ' is missing'}`,
    },
    ...sampleRecipes(SAMPLES, extras).map(({ name, versions }) => {
      const ok = isCurrent(name, paths.recipes)
      return { part: `recipe ${name}`, ok, detail: ok ? versions.join(', ') : 'missing or out of date' }
    }),
    ...(extras.includes('keycloak') ? [await ofKeycloak(settings)] : []),
    ...(hasGitea(settings) ? [await ofGitea(settings)] : []),
    {
      part: 'settings',
      ok: existsSync(hostFile(settings.stateDir)),
      detail: hostFile(settings.stateDir),
    },
  ]
}

async function ofDocker(settings: Settings): Promise<PartStatus[]> {
  let docker: Docker
  try {
    docker = await connectDocker(settings.dockerHost)
  } catch (error) {
    return [{ part: 'engine', ok: false, detail: messageOf(error).split('\n')[0] ?? '' }]
  }
  const { Version } = await docker.version()
  const { Swarm } = (await docker.info()) as { Swarm?: { LocalNodeState?: string; ControlAvailable?: boolean } }
  const network = await findNetwork(docker, settings.proxyNetwork)
  const images = await planImages()
  return [
    { part: 'engine', ok: true, detail: `Docker ${Version} at ${settings.dockerHost}` },
    { part: 'swarm', ok: Swarm?.ControlAvailable === true, detail: Swarm?.LocalNodeState ?? 'unknown' },
    {
      part: 'network',
      ok: network !== undefined,
      detail: network ? `${network.Name}, ${network.IPAM?.Config?.[0]?.Subnet}` : `${settings.proxyNetwork} is missing`,
    },
    ...(await Promise.all(
      images.map(async ({ name, alias, hash }) => {
        const id = await imageId(docker, contentTag(name, hash))
        const named = id !== undefined && (!alias || (await imageId(docker, alias)) !== undefined)
        const detail = named ? [contentTag(name, hash), alias].filter(Boolean).join(', ') : 'missing or out of date'
        return { part: `image ${name}`, ok: named, detail }
      }),
    )),
  ]
}

async function ofKeycloak(settings: Settings): Promise<PartStatus> {
  const part = WARM_KEYCLOAK
  const warm = await findWarmKeycloak(settings)
  if (typeof warm === 'string') return { part, ok: false, detail: warm.split('\n')[0] ?? '' }
  await warm[Symbol.asyncDispose]()
  return { part, ok: true, detail: `${warm.admin.access.url} lets its administrator in` }
}

async function ofGitea(settings: Settings): Promise<PartStatus> {
  const url = await runningGitea(settings)
  return { part: GITEA, ok: url !== undefined, detail: url ?? 'does not answer' }
}

async function ofProxy(settings: Settings, ca: string): Promise<PartStatus> {
  const { host, port } = proxyListen(settings.proxyAddress)
  if (!existsSync(ca)) return { part: 'proxy', ok: false, detail: 'there is no authority to check it with' }
  const answer = await fetchThroughProxy({
    host,
    port,
    domain: `nobody.${settings.baseDomain}`,
    ca: readFileSync(ca, 'utf8'),
  })
  const ok = typeof answer === 'object' && answer.status === 404
  const told = typeof answer === 'object' ? `answers ${answer.status}` : answer
  return { part: 'proxy', ok, detail: `${host}:${port} ${ok ? 'answers' : told}` }
}
