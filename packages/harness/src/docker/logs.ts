import { Readable } from 'node:stream'
import type Docker from 'dockerode'
import { messageOf } from '../errors.ts'
import { readFrames } from './frames.ts'
import type { ServiceView, TaskView } from './stack-view.ts'

/** The last `tail` lines that a container printed, stdout before stderr; says so when they cannot be had. */
export async function containerLogs(docker: Docker, containerId: string, tail = 20): Promise<string> {
  try {
    const frames = (await docker
      .getContainer(containerId)
      .logs({ stdout: true, stderr: true, tail, follow: false })) as unknown as Buffer
    const { stdout, stderr } = await readFrames(Readable.from([frames]))
    return `${stdout}${stderr}`.trimEnd()
  } catch (error) {
    return `(no log: ${messageOf(error)})`
  }
}

/** The newest task of a service that has (or had) a container. */
export function newestContainerTask(service: ServiceView): TaskView | undefined {
  return service.tasks.filter((task) => task.containerId).at(-1)
}

/** The last `tail` lines of a service's newest container. */
export async function serviceLogs(docker: Docker, service: ServiceView, tail = 20): Promise<string> {
  const task = newestContainerTask(service)
  return task?.containerId ? await containerLogs(docker, task.containerId, tail) : '(no container was made)'
}
