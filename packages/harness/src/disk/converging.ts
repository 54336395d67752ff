import type Docker from 'dockerode'

/** What swarm says of a service when it is asked for its status. */
interface ServiceWithStatus {
  ID: string
  Spec: {
    Name: string
    Mode: { ReplicatedJob?: { TotalCompletions?: number } }
    TaskTemplate: { RestartPolicy?: { Condition?: string } }
  }
  UpdateStatus?: { State?: string }
  ServiceStatus: { RunningTasks: number; DesiredTasks: number; CompletedTasks: number }
}

const ON_THE_WAY = ['updating', 'rollback_started']

/**
 * The services of an engine, whoever's they are, that are not yet what they should be, in words: in the middle of an
 * update, or with fewer tasks than wanted. A one-shot that has done its work is as it should be.
 */
export async function convergingServices(docker: Docker): Promise<string[]> {
  const services = (await docker.listServices({ status: true })) as unknown as ServiceWithStatus[]
  const texts = await Promise.all(services.map((service) => convergingText(docker, service)))
  return texts.filter((text) => text !== undefined).sort()
}

async function convergingText(docker: Docker, service: ServiceWithStatus): Promise<string | undefined> {
  const { Name: name, Mode: mode } = service.Spec
  const { RunningTasks: running, DesiredTasks, CompletedTasks } = service.ServiceStatus
  const state = service.UpdateStatus?.State ?? ''
  const desired = mode.ReplicatedJob?.TotalCompletions ?? DesiredTasks
  const counted = `${name} ${running}/${desired}`
  if (ON_THE_WAY.includes(state)) return `${counted} (${state})`
  if (running + CompletedTasks >= desired) return undefined
  const done = running + (await completedTasks(docker, service))
  return done >= desired ? undefined : counted
}

/** Tasks of the current specification that have ended well and are not started again. */
async function completedTasks(docker: Docker, { ID: id, Spec: spec }: ServiceWithStatus): Promise<number> {
  if ((spec.TaskTemplate.RestartPolicy?.Condition ?? 'any') === 'any') return 0
  const filters = { service: [id], '_up-to-date': ['true'] }
  const tasks = (await docker.listTasks({ filters })) as unknown as { Status: { State: string } }[]
  return tasks.filter(({ Status: status }) => status.State === 'complete').length
}
