import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CcciError, type Settings, UsageError, writeAtomically } from '@cc-ci/harness'
import type Docker from 'dockerode'
import { certificateFiles } from './certificate.ts'
import { hashOf } from './files.ts'
import { contentTag, type PlannedImage } from './images.ts'
import { checkPortFree, proxyListen } from './port.ts'
import { caddyConfig, MOUNT } from './proxy/caddy-config.ts'
import { fetchThroughProxy } from './proxy-probe.ts'
import type { Step } from './step.ts'
import { until } from './until.ts'

/** The proxy's container of another dev host is in the way. */
export class OtherDevHostError extends UsageError {}

/** The proxy's container does not run, or does not answer. */
class ProxyStartError extends CcciError {}

export const PROXY_CONTAINER = 'cc-ci-proxy'

const STATE_LABEL = 'cc-ci.dev-host'
const CONFIG_LABEL = 'cc-ci.config'

const ANSWER_DEADLINE_MS = 30_000

/**
 * Makes the proxy's container run with today's configuration, and waits until it answers over TLS. It listens on
 * loopback alone; swarm's own published ports would listen on every interface.
 *
 * @throws {PortTakenError | ProxyAddressError | OtherDevHostError | ProxyStartError}
 */
export async function ensureProxy(step: Step, image: PlannedImage): Promise<string> {
  const { docker, settings, paths } = step
  const { host, port } = proxyListen(settings.proxyAddress)
  const files = certificateFiles(paths.tls)
  const config = `${JSON.stringify(caddyConfig(), null, 2)}\n`
  const wanted: Docker.ContainerCreateOptions = {
    name: PROXY_CONTAINER,
    Image: contentTag(image.name, image.hash),
    Cmd: ['caddy', 'run', '--config', `${MOUNT}/caddy.json`],
    // As this user, who owns the key and the socket. Unprivileged ports begin at 0 in a container (Docker 20.10).
    User: `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`,
    Env: ['HOME=/tmp'],
    ExposedPorts: { '443/tcp': {} },
    HostConfig: {
      Binds: [`${paths.proxy}:${MOUNT}:ro`],
      CapDrop: ['ALL'],
      NetworkMode: settings.proxyNetwork,
      PortBindings: { '443/tcp': [{ HostIp: host, HostPort: String(port) }] },
      ReadonlyRootfs: true,
      RestartPolicy: { Name: 'unless-stopped' },
      Tmpfs: { '/tmp': '' },
    },
  }
  const network = await docker.getNetwork(settings.proxyNetwork).inspect()
  const hash = hashOf(JSON.stringify(wanted), config, readFileSync(files.certificate, 'utf8'), network.Id)
  const address = `https://${host}:${port}`

  const present = await checkProxyPlace(docker, settings)
  if (present?.State.Running && present.Config.Labels?.[CONFIG_LABEL] === hash) {
    await answers(step, host, port)
    return address
  }
  if (present) await docker.getContainer(present.Id).remove({ force: true })
  writeAtomically(join(paths.proxy, 'caddy.json'), config)
  writeAtomically(join(paths.proxy, 'wildcard.pem'), readFileSync(files.certificate, 'utf8'))
  writeAtomically(join(paths.proxy, 'wildcard.key'), readFileSync(files.key, 'utf8'), 0o600)
  const container = await docker.createContainer({
    ...wanted,
    Labels: { [STATE_LABEL]: settings.stateDir, [CONFIG_LABEL]: hash },
  })
  await container.start()
  await answers(step, host, port)
  return `${address}, ${present ? 'replaced' : 'started'}`
}

/**
 * Checks that the proxy can be where it is to be, and returns its container if it is there already.
 *
 * @throws {PortTakenError | ProxyAddressError | OtherDevHostError}
 */
export async function checkProxyPlace(
  docker: Docker | undefined,
  settings: Settings,
): Promise<Docker.ContainerInspectInfo | undefined> {
  const { host, port } = proxyListen(settings.proxyAddress)
  const present = docker && (await inspectProxy(docker))
  const owner = present?.Config.Labels?.[STATE_LABEL]
  if (present && owner !== settings.stateDir) throw otherDevHost(owner)
  const published = present?.State.Running ? Object.values(present.NetworkSettings.Ports).flat() : []
  const itself = published.some((binding) => binding?.HostIp === host && binding.HostPort === String(port))
  if (!itself) await checkPortFree(host, port)
  return present
}

function otherDevHost(stateDir: string | undefined): OtherDevHostError {
  return new OtherDevHostError({
    happened: `There is a container ${PROXY_CONTAINER} already, and it is not this dev host's.`,
    lastSeen: stateDir ? `it belongs to the one with the state directory ${stateDir}` : 'nobody says whose it is',
    todo: stateDir
      ? `Use that one (CCCI_STATE_DIR=${stateDir}), or take it down first with the same setting.`
      : `Remove it: docker rm -f ${PROXY_CONTAINER}`,
  })
}

/** The proxy's container, running or not. */
export async function inspectProxy(docker: Docker): Promise<Docker.ContainerInspectInfo | undefined> {
  try {
    return await docker.getContainer(PROXY_CONTAINER).inspect()
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined
    throw error
  }
}

/** Removes the proxy's container, if it is the one of this state directory. */
export async function removeProxy(docker: Docker, stateDir: string): Promise<boolean> {
  const present = await inspectProxy(docker)
  if (present?.Config.Labels?.[STATE_LABEL] !== stateDir) return false
  await docker.getContainer(present.Id).remove({ force: true, v: true })
  return true
}

/** @throws {ProxyStartError} at once when the container is gone or ends, with its last lines. */
async function answers(step: Step, host: string, port: number): Promise<void> {
  let last = ''
  const ok = await until(
    async () => {
      const answer = await fetchThroughProxy({
        host,
        port,
        domain: `nobody.${step.settings.baseDomain}`,
        ca: readFileSync(certificateFiles(step.paths.tls).ca, 'utf8'),
      })
      last = typeof answer === 'string' ? answer : `HTTP ${answer.status}: ${answer.body}`
      if (typeof answer === 'object' && answer.status === 404 && answer.body === '404 page not found\n') return true
      const container = await inspectProxy(step.docker)
      if (!container?.State.Running || container.State.Restarting) throw await failed(step, 'does not stay up', last)
      return undefined
    },
    { deadlineMs: ANSWER_DEADLINE_MS },
  )
  if (!ok) throw await failed(step, `does not answer within ${ANSWER_DEADLINE_MS / 1000} s`, last)
}

async function failed({ docker, paths }: Step, what: string, lastAnswer: string): Promise<ProxyStartError> {
  const logs = await docker
    .getContainer(PROXY_CONTAINER)
    .logs({ stdout: true, stderr: true, tail: 10 })
    .then((frames) => frames.toString('utf8').replace(/[^\x20-\x7e\n]/g, ''))
    .catch(() => '')
  return new ProxyStartError({
    happened: `The dev host's proxy ${what}.`,
    lastSeen: [lastAnswer, logs].filter(Boolean).join('\n'),
    evidence: `docker logs ${PROXY_CONTAINER}; ${paths.routerLog}`,
  })
}
