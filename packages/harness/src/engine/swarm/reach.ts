import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import type Docker from 'dockerode'
import { CcciError, messageOf } from '../../errors.ts'
import type { ComposeView, ServiceSpec } from '../../recipe/compose-view.ts'
import type { Settings } from '../../settings/schema.ts'
import type { EngineApp } from '../engine.ts'
import type { ServicePatch } from './patch-compose.ts'

/** The reverse proxy's container, by which an app is to reach another one, is not there. */
export class ProxyUnreachableError extends CcciError {}

/** How containers of an app reach other apps where domains have no DNS record, and whom they trust. */
export interface Reach {
  /** The network on which the reverse proxy is. */
  network: string
  /** Lines for `/etc/hosts`, as compose files have them: `domain:address`. */
  hosts: string[]
  /** The system's authorities and the host's own one: the file here, and the config's name in swarm. */
  authorities: { file: string; name: string } | undefined
}

/** The key of the config in the compose files, and where containers have it. */
export const AUTHORITIES = { key: 'cc-ci-authorities', path: '/etc/cc-ci/authorities.pem' } as const

/** By these the usual libraries are told whom to trust. */
const TRUST = ['SSL_CERT_FILE', 'CURL_CA_BUNDLE', 'REQUESTS_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS']

/**
 * What must be told to the containers of an app that has to reach others; `undefined` where domains have DNS records, and
 * for an app that reaches none.
 *
 * @throws {ProxyUnreachableError}
 */
export async function reachOfApp(docker: Docker, settings: Settings, app: EngineApp): Promise<Reach | undefined> {
  const { proxyContainer, proxyNetwork: network, caFile } = settings
  const { reaches = [] } = app
  if (reaches.length === 0 || !proxyContainer) return undefined
  const address = await addressOf(docker, proxyContainer, network)
  return {
    network,
    hosts: reaches.map((domain) => `${domain}:${address}`),
    authorities: caFile === undefined ? undefined : writeAuthorities(app, caFile),
  }
}

/** What of it concerns one service: nothing, unless it is on the proxy's network. */
export function reachPatch(service: ServiceSpec, compose: ComposeView, reach: Reach | undefined): ServicePatch {
  if (!reach || !service.networks.some((key) => compose.networks[key]?.name === reach.network)) return {}
  const { hosts: extraHosts, authorities } = reach
  if (!authorities) return { extraHosts }
  const unset = TRUST.filter((name) => !service.environmentKeys.includes(name))
  return {
    extraHosts,
    configs: [{ source: AUTHORITIES.key, target: AUTHORITIES.path }],
    environment: Object.fromEntries(unset.map((name) => [name, AUTHORITIES.path])),
  }
}

async function addressOf(docker: Docker, container: string, network: string): Promise<string> {
  try {
    const { NetworkSettings } = await docker.getContainer(container).inspect()
    const address = NetworkSettings.Networks[network]?.IPAddress
    if (address) return address
    throw new Error(`it is not on the network ${network}`)
  } catch (error) {
    throw new ProxyUnreachableError({
      happened: `The app's containers are to reach another app, and the reverse proxy's container ${container} has no address for them.`,
      lastSeen: messageOf(error),
      todo: 'npm run dev-host -- up starts it again.',
      cause: error,
    })
  }
}

function writeAuthorities({ checkout, stack }: EngineApp, caFile: string): Reach['authorities'] {
  const file = join(checkout.dir, '.cc-ci.authorities.pem')
  const text = [...rootCertificates, readFileSync(caFile, 'utf8')].join('\n')
  writeFileSync(file, text)
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 8)
  return { file, name: `${stack}_cc-ci-ca-${hash}` }
}
