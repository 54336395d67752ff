import type Docker from 'dockerode'
import { type ServiceView, stackView } from './stack-view.ts'

/** What a stack is doing: which tasks run, and how much processor time they have used, in nanoseconds. */
interface Sample {
  tasks: string
  cpu: number
  at: number
}

/** An app that uses less than this share of one core does nothing that could change its answers. */
const IDLE_SHARE = 0.1

/**
 * Knows for how long a stack has been doing nothing: no task came or went, and its containers used hardly any processor
 * time. An app that still starts (a JVM, a migration) is busy; one that is up and wrong is idle.
 */
export class ActivityWatch {
  readonly #docker: Docker
  readonly #stack: string
  readonly #except: readonly string[]
  #last: Sample | undefined
  #idleSince: number | undefined

  /** @param except services that say nothing of what the stack is doing. */
  constructor(docker: Docker, stack: string, except: readonly string[] = []) {
    this.#docker = docker
    this.#stack = stack
    this.#except = except
  }

  /** Looks now; returns the services seen and the milliseconds since the stack was last busy. */
  async look(): Promise<{ services: ServiceView[]; idleMs: number }> {
    const all = await stackView(this.#docker, this.#stack)
    const services = all.filter(({ name }) => !this.#except.includes(name))
    const sample = await this.#sample(services)
    const last = this.#last
    this.#last = sample
    const busy =
      !last || last.tasks !== sample.tasks || !((sample.cpu - last.cpu) / 1e6 <= (sample.at - last.at) * IDLE_SHARE)
    if (busy) this.#idleSince = sample.at
    return { services, idleMs: sample.at - (this.#idleSince ?? sample.at) }
  }

  async #sample(services: ServiceView[]): Promise<Sample> {
    const tasks = services.flatMap((service) => service.tasks)
    const running = tasks.filter((task) => task.state === 'running' && task.containerId)
    const usages = await Promise.all(running.map((task) => cpuTime(this.#docker, task.containerId ?? '')))
    return {
      tasks: tasks.map((task) => `${task.id} ${task.state}`).join(),
      cpu: usages.reduce((sum, usage) => sum + usage, 0),
      at: performance.now(),
    }
  }
}

/** Nanoseconds; infinite when it cannot be told, which counts as busy. */
async function cpuTime(docker: Docker, containerId: string): Promise<number> {
  try {
    const stats = await docker.getContainer(containerId).stats({ stream: false, 'one-shot': true })
    return stats.cpu_stats.cpu_usage.total_usage
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
