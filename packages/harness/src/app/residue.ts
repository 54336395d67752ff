import type Docker from 'dockerode'
import { HELPER_LABEL, STACK_LABEL } from '../docker/labels.ts'

export interface Named {
  id: string
  name: string
}

/** Everything in Docker that belongs to a stack. */
export interface Residue {
  services: Named[]
  tasks: Named[]
  containers: Named[]
  networks: Named[]
  volumes: Named[]
  secrets: Named[]
  configs: Named[]
}

interface RawTask {
  ID: string
  Status?: { State?: string }
  Spec?: { ContainerSpec?: { Labels?: Record<string, string> } }
}

/** Tasks outlive their service, and no filter of the API finds them then: their container's label does. */
async function tasksOf(docker: Docker, stack: string): Promise<Named[]> {
  const tasks = (await docker.listTasks()) as unknown as RawTask[]
  return tasks
    .filter((task) => task.Spec?.ContainerSpec?.Labels?.[STACK_LABEL] === stack)
    .map((task) => ({ id: task.ID, name: `${task.ID} (${task.Status?.State ?? 'unknown'})` }))
}

/** Containers of cc-ci's own beside a stack; swarm knows nothing of them. */
export const helpersOf = (docker: Docker, stack: string): Promise<Named[]> => labelled(docker, HELPER_LABEL, stack)

async function containersOf(docker: Docker, stack: string): Promise<Named[]> {
  return (await Promise.all([labelled(docker, STACK_LABEL, stack), helpersOf(docker, stack)])).flat()
}

async function labelled(docker: Docker, label: string, stack: string): Promise<Named[]> {
  const containers = await docker.listContainers({ all: true, filters: { label: [`${label}=${stack}`] } })
  return containers.map((container) => ({ id: container.Id, name: container.Names[0]?.slice(1) ?? container.Id }))
}

/** What runs or could run: services, tasks, containers. */
export async function runningOf(
  docker: Docker,
  stack: string,
): Promise<Pick<Residue, 'services' | 'tasks' | 'containers'>> {
  const [services, tasks, containers] = await Promise.all([
    docker.listServices({ filters: { label: [`${STACK_LABEL}=${stack}`] } }),
    tasksOf(docker, stack),
    containersOf(docker, stack),
  ])
  return { services: services.map(specName), tasks, containers }
}

/** Looks for everything of a stack: by its label, and by the `<stack>_` name for what carries none. */
export async function residueOf(docker: Docker, stack: string): Promise<Residue> {
  const [running, networks, volumes, secrets, configs] = await Promise.all([
    runningOf(docker, stack),
    docker.listNetworks(),
    docker.listVolumes(),
    docker.listSecrets(),
    docker.listConfigs(),
  ])
  // Not by the engine's name filter: for swarm's networks it wants the whole name, for others a part of it.
  const owned = ({ name }: Named): boolean => name.startsWith(`${stack}_`)
  return {
    ...running,
    networks: networks.map((network) => ({ id: network.Id, name: network.Name })).filter(owned),
    volumes: (volumes.Volumes ?? []).map((volume) => ({ id: volume.Name, name: volume.Name })).filter(owned),
    secrets: secrets.map(specName).filter(owned),
    configs: configs.map(specName).filter(owned),
  }
}

/** What a person would call the residue: `service x`, `volume y`, … */
export function describeResidue(residue: Partial<Residue>): string[] {
  return Object.entries(residue).flatMap(([kind, objects]) => objects.map(({ name }) => `${kind.slice(0, -1)} ${name}`))
}

function specName(object: { ID: string; Spec?: { Name?: string | undefined } | undefined }): Named {
  return { id: object.ID, name: object.Spec?.Name ?? object.ID }
}
