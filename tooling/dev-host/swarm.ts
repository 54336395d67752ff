import { CcciError, NoSwarmError } from '@cc-ci/harness'
import type Docker from 'dockerode'
import { readHost, recordMade } from './host.ts'
import { closeOverlayPort } from './overlay-port.ts'
import type { Step } from './step.ts'
import { chooseSubnet, usedSubnets } from './subnet.ts'

/** There is a network of the proxy's name that cannot be used. */
class ProxyNetworkError extends CcciError {}

/** The bridge that an engine makes for its first swarm. */
export const GATEWAY_NETWORK = 'docker_gwbridge'

/**
 * Makes the engine a swarm of one, listening on loopback only. An active swarm is used as it is.
 *
 * @throws {NoSwarmError} when it is in a swarm that it does not manage.
 */
export async function ensureSwarm({ docker, settings }: Step): Promise<string> {
  const { Swarm } = (await docker.info()) as { Swarm?: { LocalNodeState?: string; ControlAvailable?: boolean } }
  const state = Swarm?.LocalNodeState ?? 'inactive'
  if (state === 'active' && Swarm?.ControlAvailable) {
    return readHost(settings.stateDir).made.swarm ? await closed('there') : 'used as it is'
  }
  if (state !== 'inactive') {
    throw new NoSwarmError({
      happened: `The Docker engine at ${settings.dockerHost} is in a swarm that it does not manage.`,
      lastSeen: `swarm state "${state}", manager: ${Swarm?.ControlAvailable ? 'yes' : 'no'}`,
      todo: 'Use another engine (DOCKER_HOST), or leave that swarm: docker swarm leave',
    })
  }
  const gateway = (await findNetwork(docker, GATEWAY_NETWORK)) === undefined
  recordMade(settings.stateDir, { swarm: { gateway } })
  await docker.swarmInit({
    ListenAddr: '127.0.0.1:2377',
    AdvertiseAddr: '127.0.0.1:2377',
    DataPathAddr: '127.0.0.1',
  })
  return await closed('initialised')
}

const closed = async (how: string): Promise<string> =>
  `${how}, ${(await closeOverlayPort()) ? 'on loopback only' : 'but its overlay port (4789/udp) is open to other machines'}`

/**
 * Makes the overlay network between the proxy and the apps. An existing one is used as it is.
 *
 * @throws {ProxyNetworkError} when the one of that name is no attachable overlay.
 */
export async function ensureNetwork({ docker, settings }: Step): Promise<string> {
  const name = settings.proxyNetwork
  const network = await findNetwork(docker, name)
  if (network) {
    if (network.Driver === 'overlay' && network.Attachable) return `"${name}" used as it is`
    throw new ProxyNetworkError({
      happened: `The network "${name}" cannot be used by the dev host's proxy.`,
      lastSeen: `driver ${network.Driver}, attachable: ${network.Attachable ? 'yes' : 'no'}`,
      todo: 'Remove it and bring the dev host up again, or set CCCI_PROXY_NETWORK to another name.',
    })
  }
  const subnet = chooseSubnet(await usedSubnets(docker))
  recordMade(settings.stateDir, { network: name })
  await docker.createNetwork({
    Name: name,
    Driver: 'overlay',
    Attachable: true,
    CheckDuplicate: true,
    IPAM: { Driver: 'default', Config: [{ Subnet: subnet }] },
  })
  return `"${name}" made, ${subnet}`
}

/** The network of exactly that name. */
export async function findNetwork(docker: Docker, name: string): Promise<Docker.NetworkInspectInfo | undefined> {
  const networks = await docker.listNetworks({ filters: { name: [name] } })
  return networks.find((network) => network.Name === name)
}
