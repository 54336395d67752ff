import { readdirSync } from 'node:fs'
import type Docker from 'dockerode'

/** What must not grow while apps come and go. */
export interface Figures {
  services: number
  tasks: number
  containers: number
  volumes: number
  secrets: number
  configs: number
  networks: number
  /** Processes of this machine. */
  processes: number
  /** Open files of this process. */
  files: number
  /** Memory of this process after a garbage collection, in MB. */
  memory: number
}

/** Counts everything once. */
export async function figures(docker: Docker): Promise<Figures> {
  const [services, tasks, containers, volumes, secrets, configs, networks] = await Promise.all([
    docker.listServices(),
    docker.listTasks(),
    docker.listContainers({ all: true }),
    docker.listVolumes(),
    docker.listSecrets(),
    docker.listConfigs(),
    docker.listNetworks(),
  ])
  globalThis.gc?.()
  return {
    services: services.length,
    tasks: tasks.length,
    containers: containers.length,
    volumes: (volumes.Volumes ?? []).length,
    secrets: secrets.length,
    configs: configs.length,
    networks: networks.length,
    processes: readdirSync('/proc').filter((name) => /^\d+$/.test(name)).length,
    files: readdirSync('/proc/self/fd').length,
    memory: Math.round(process.memoryUsage().rss / 2 ** 20),
  }
}

/** Docker's objects: of these not one more may be there. */
const EXACT = ['services', 'tasks', 'containers', 'volumes', 'secrets', 'configs', 'networks'] as const

/** How many more of the others may be there: what a machine does by itself, and what a pool keeps open. */
const SLACK = { processes: 8, files: 8, memory: 48 } as const

/** What has grown, in words. */
export function grown(before: Figures, after: Figures): string[] {
  const more = (key: keyof Figures, slack: number) =>
    after[key] > before[key] + slack ? [`${key} ${before[key]} → ${after[key]}`] : []
  const others = Object.entries(SLACK) as [keyof typeof SLACK, number][]
  return [...EXACT.flatMap((key) => more(key, 0)), ...others.flatMap(([key, slack]) => more(key, slack))]
}
