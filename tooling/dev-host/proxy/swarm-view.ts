import type Docker from 'dockerode'
import { type RoutedService, type RoutedTask, type RoutingTable, routingTable } from './table.ts'

interface Task {
  ServiceID?: string
  Status?: { State?: string }
  NetworksAttachments?: { Network?: { Spec?: { Name?: string } }; Addresses?: string[] }[]
}

/** Asks swarm once for the routed services and their tasks. */
export async function readTable(docker: Docker, network: string): Promise<RoutingTable> {
  const services = await docker.listServices({ filters: { label: ['traefik.enable=true'] } })
  const routed = services.map(
    ({ ID, Spec }): RoutedService => ({ id: ID, name: Spec?.Name ?? ID, labels: Spec?.Labels ?? {} }),
  )
  if (routed.length === 0) return routingTable([], [])
  const tasks = (await docker.listTasks({
    filters: { service: routed.map(({ id }) => id), 'desired-state': ['running', 'ready', 'accepted'] },
  })) as Task[]
  return routingTable(
    routed,
    tasks.map(
      (task): RoutedTask => ({
        serviceId: task.ServiceID ?? '',
        state: task.Status?.State ?? '',
        addresses: (task.NetworksAttachments ?? [])
          .filter(({ Network }) => Network?.Spec?.Name === network)
          .flatMap(({ Addresses }) => Addresses ?? [])
          .map((address) => address.replace(/\/\d+$/, '')),
      }),
    ),
  )
}
