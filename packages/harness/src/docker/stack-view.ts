import type Docker from 'dockerode'
import { STACK_LABEL } from './labels.ts'

/** One try of swarm to run a service's container. */
export interface TaskView {
  id: string
  serviceId: string
  slot: number
  state: string
  desiredState: string
  /** Why it ended or cannot start, in the engine's words; empty while all is well. */
  error: string
  containerId: string | undefined
  exitCode: number | undefined
  createdAt: string
}

/** A service of a stack with the tasks of its current specification (older ones are left out). */
export interface ServiceView {
  id: string
  /** The name in the compose file. */
  name: string
  /** The name in Docker: `<stack>_<name>`. */
  fullName: string
  image: string
  /** Labels of the service itself (`deploy.labels`). */
  labels: Record<string, string>
  mode: 'replicated' | 'global' | 'job'
  desired: number
  running: number
  /** Jobs and one-shots: how many tasks have done their work. */
  completed: number
  updateState: string | undefined
  updateMessage: string | undefined
  restartCondition: string
  /** Whether its specification has a health check; without one, a container is up the moment it starts. */
  hasHealthcheck: boolean
  tasks: TaskView[]
}

interface RawTask {
  ID: string
  ServiceID: string
  Slot?: number
  CreatedAt: string
  DesiredState: string
  Status: { State: string; Err?: string; ContainerStatus?: { ContainerID?: string; ExitCode?: number } }
}

interface RawService {
  ID: string
  Spec: {
    Name: string
    Labels?: Record<string, string>
    Mode: {
      Replicated?: { Replicas?: number }
      Global?: object
      ReplicatedJob?: { TotalCompletions?: number }
      GlobalJob?: object
    }
    TaskTemplate: {
      ContainerSpec?: { Image?: string; Healthcheck?: { Test?: string[] } }
      RestartPolicy?: { Condition?: string }
    }
  }
  UpdateStatus?: { State?: string; Message?: string }
}

function taskView(task: RawTask): TaskView {
  return {
    id: task.ID,
    serviceId: task.ServiceID,
    slot: task.Slot ?? 0,
    state: task.Status.State,
    desiredState: task.DesiredState,
    error: task.Status.Err ?? '',
    containerId: task.Status.ContainerStatus?.ContainerID,
    exitCode: task.Status.ContainerStatus?.ExitCode,
    createdAt: task.CreatedAt,
  }
}

function desiredTasks(mode: RawService['Spec']['Mode'], nodes: number): number {
  if (mode.Replicated) return mode.Replicated.Replicas ?? 1
  if (mode.ReplicatedJob) return mode.ReplicatedJob.TotalCompletions ?? 1
  return nodes
}

function serviceView(service: RawService, tasks: TaskView[], stack: string, nodes: number): ServiceView {
  const { Spec: spec } = service
  return {
    id: service.ID,
    name: spec.Name.startsWith(`${stack}_`) ? spec.Name.slice(stack.length + 1) : spec.Name,
    fullName: spec.Name,
    image: spec.TaskTemplate.ContainerSpec?.Image ?? '',
    labels: spec.Labels ?? {},
    mode: spec.Mode.Replicated ? 'replicated' : spec.Mode.Global ? 'global' : 'job',
    desired: desiredTasks(spec.Mode, nodes),
    running: tasks.filter((task) => task.state === 'running' && task.desiredState === 'running').length,
    completed: tasks.filter((task) => task.state === 'complete').length,
    updateState: service.UpdateStatus?.State,
    updateMessage: service.UpdateStatus?.Message,
    restartCondition: spec.TaskTemplate.RestartPolicy?.Condition ?? 'any',
    hasHealthcheck: !['NONE', undefined].includes(spec.TaskTemplate.ContainerSpec?.Healthcheck?.Test?.[0]),
    tasks,
  }
}

/** The services of a stack as the manager sees them now, sorted by name. Empty when there is no such stack. */
export async function stackView(docker: Docker, stack: string): Promise<ServiceView[]> {
  const services = (await docker.listServices({
    filters: { label: [`${STACK_LABEL}=${stack}`] },
  })) as unknown as RawService[]
  if (services.length === 0) return []
  // `_up-to-date` is what docker's own client filters by while it waits for a service to converge.
  const filters = { service: services.map((service) => service.ID), '_up-to-date': ['true'] }
  const tasks = ((await docker.listTasks({ filters })) as unknown as RawTask[]).map(taskView)
  const nodes = services.some((service) => service.Spec.Mode.Global || service.Spec.Mode.GlobalJob)
    ? (await docker.listNodes()).length
    : 1
  return services
    .map((service) =>
      serviceView(
        service,
        tasks
          .filter((task) => task.serviceId === service.ID)
          .sort((one, other) => one.createdAt.localeCompare(other.createdAt)),
        stack,
        nodes,
      ),
    )
    .sort((one, other) => one.name.localeCompare(other.name))
}

/** True when a service is as it should be: all its tasks run the current specification, or its one-shot has done its work. */
export function isConverged(service: ServiceView): boolean {
  if (service.updateState === 'updating' || service.updateState?.startsWith('rollback')) return false
  if (service.mode === 'job') return service.completed >= service.desired
  const done = service.restartCondition === 'any' ? 0 : service.completed
  return service.running + done >= service.desired
}

/** One line a person can read: `app 0/1 (starting), db 1/1`. */
export function describeServices(services: ServiceView[]): string {
  if (services.length === 0) return 'no services yet'
  return services
    .map((service) => {
      const newest = service.tasks.at(-1)
      const states = isConverged(service) ? '' : ` (${service.updateState ?? newest?.state ?? 'no task yet'})`
      return `${service.name} ${service.running + (service.mode === 'job' ? service.completed : 0)}/${service.desired}${states}`
    })
    .join(', ')
}

/** The tasks of a stack as a table of text: one line each with its state and what went wrong. */
export function taskTable(services: ServiceView[]): string {
  const lines = services.flatMap((service) =>
    service.tasks.map((task) =>
      [
        `${service.name}.${task.slot}`,
        task.state,
        `desired ${task.desiredState}`,
        task.exitCode === undefined || task.exitCode === 0 ? '' : `exit ${task.exitCode}`,
        task.error,
      ]
        .filter(Boolean)
        .join('  '),
    ),
  )
  return lines.length > 0 ? lines.join('\n') : 'no tasks'
}
