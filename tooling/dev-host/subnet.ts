import { readFileSync } from 'node:fs'
import { CcciError } from '@cc-ci/harness'
import type Docker from 'dockerode'

/** Every subnet that the proxy network could have is in use on this machine. */
export class NoSubnetError extends CcciError {}

/**
 * Large, because every task of every run takes an address. Docker hands out 10.0.0.0/8 (overlays) and 172.16.0.0/12
 * (bridges) from the low end, so these are far from it.
 */
const CANDIDATES = ['10.217.0.0/16', '10.231.0.0/16', '10.143.0.0/16', '10.97.0.0/16', '192.168.128.0/17']

interface Range {
  first: number
  last: number
}

function rangeOf(subnet: string): Range | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(subnet)
  if (!match) return undefined
  const [a = 0, b = 0, c = 0, d = 0, bits = 0] = match.slice(1).map(Number)
  const size = 2 ** (32 - bits)
  const address = ((a * 256 + b) * 256 + c) * 256 + d
  const first = address - (address % size)
  return { first, last: first + size - 1 }
}

/** Whether two IPv4 subnets share an address. */
export function overlap(one: string, other: string): boolean {
  const a = rangeOf(one)
  const b = rangeOf(other)
  return a !== undefined && b !== undefined && a.first <= b.last && b.first <= a.last
}

/**
 * The first of our subnets that collides with none of those in use.
 *
 * @throws {NoSubnetError}
 */
export function chooseSubnet(used: string[]): string {
  const free = CANDIDATES.find((candidate) => !used.some((subnet) => overlap(candidate, subnet)))
  if (free) return free
  throw new NoSubnetError({
    happened: 'No subnet is free for the proxy network.',
    lastSeen: `in use: ${used.join(', ')}; tried: ${CANDIDATES.join(', ')}`,
    todo: 'Make the network yourself: docker network create -d overlay --attachable --subnet <a free one> proxy',
  })
}

/** The IPv4 subnets of Docker's networks and of this machine's routes. */
export async function usedSubnets(docker: Docker): Promise<string[]> {
  const networks = await docker.listNetworks()
  const ofDocker = networks.flatMap((network) => network.IPAM?.Config ?? []).flatMap(({ Subnet }) => Subnet ?? [])
  return [...ofDocker, ...routesIn(readFileSync('/proc/net/route', 'utf8'))]
}

/** The destinations in the kernel's routing table (/proc/net/route), but for the default route. */
export function routesIn(table: string): string[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, destination = '', , , , , , mask = ''] = line.split('\t')
      if (!destination || Number.parseInt(mask, 16) === 0) return []
      const bits = [...Number.parseInt(mask, 16).toString(2)].filter((bit) => bit === '1').length
      const bytes =
        destination
          .match(/../g)
          ?.map((byte) => Number.parseInt(byte, 16))
          .reverse() ?? []
      return [`${bytes.join('.')}/${bits}`]
    })
}
