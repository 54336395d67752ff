import { randomBytes, randomInt } from 'node:crypto'
import type Docker from 'dockerode'
import { until } from '../dev-host/until.ts'

/** A network with few addresses, to see whether any of them leak: no request of this engine tells how many are taken. */
export interface SmallNetwork {
  readonly name: string
  /** How many addresses it still has to give. */
  free(): Promise<number>
  remove(): Promise<void>
}

/** A /28 has at most this many. */
const MOST = 14

interface RawTask {
  ServiceID?: string
  NetworksAttachments?: { Addresses?: string[] }[]
}

/** Makes an overlay network of the size /28. */
export async function smallNetwork(docker: Docker, image: string): Promise<SmallNetwork> {
  const name = `soak-${randomBytes(3).toString('hex')}`
  const Subnet = `10.253.${randomInt(256)}.${randomInt(16) * 16}/28`
  const network = await docker.createNetwork({
    Name: name,
    Driver: 'overlay',
    Attachable: true,
    IPAM: { Driver: 'default', Config: [{ Subnet }] },
  })
  return {
    name,
    free: () => countFree(docker, name, image),
    remove: () => network.remove(),
  }
}

/** Swarm gives a task its address before it looks for a node, so tasks that fit on none take addresses and nothing else. */
async function countFree(docker: Docker, network: string, image: string): Promise<number> {
  const { id } = (await docker.createService({
    Name: `${network}-count`,
    TaskTemplate: {
      ContainerSpec: { Image: image },
      Networks: [{ Target: network }],
      Placement: { Constraints: ['node.labels.cc-ci-soak==nowhere'] },
    },
    Mode: { Replicated: { Replicas: MOST + 2 } },
    EndpointSpec: { Mode: 'dnsrr' },
  } as Docker.CreateServiceOptions)) as unknown as { id: string }
  // Tasks outlive their service, and no filter of the API finds them then.
  const tasks = async () =>
    ((await docker.listTasks()) as unknown as RawTask[]).filter(({ ServiceID }) => ServiceID === id)
  const taken = async () =>
    (await tasks()).filter(({ NetworksAttachments = [] }) =>
      NetworksAttachments.some(({ Addresses = [] }) => Addresses.length > 0),
    ).length
  try {
    // The count is there when it does not change any more.
    let last = -1
    let same = 0
    await until(
      async () => {
        const now = await taken()
        same = now === last && now > 0 ? same + 1 : 0
        last = now
        return same >= 10 || undefined
      },
      { deadlineMs: 20_000, everyMs: 200 },
    )
    return last
  } finally {
    await docker.getService(id).remove()
    await until(async () => (await tasks()).length === 0 || undefined, { deadlineMs: 20_000, everyMs: 100 })
  }
}
