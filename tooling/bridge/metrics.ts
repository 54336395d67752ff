import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** What is read when somebody asks. */
export interface Gauges {
  /** Runs that are not reported to their end. */
  open: () => number
  /** Runs that wait in the local queue. */
  queued: () => number
  giteaAway: () => boolean
  executorAway: () => boolean
}

/** The bridge's figures, in Prometheus' text format. */
export class Metrics {
  readonly #registry = new Registry()
  readonly polls = this.#counter('ccci_bridge_polls_total', 'Polls of Gitea', ['result'])
  readonly requests = this.#counter('ccci_bridge_gitea_requests_total', 'Requests to Gitea by what they ask', [
    'what',
    'status',
  ])
  readonly comments = this.#counter('ccci_bridge_comments_total', 'Comments with a command, by what was decided', [
    'decision',
  ])
  readonly runs = this.#counter('ccci_bridge_runs_ended_total', 'Runs that have ended, by what came of them', [
    'result',
  ])
  readonly webhooks = this.#counter('ccci_bridge_webhooks_total', 'Deliveries to the webhook', ['result'])
  readonly trigger = new Histogram({
    name: 'ccci_bridge_trigger_seconds',
    help: 'From a comment, as Gitea tells its time in whole seconds, to its trigger',
    buckets: [1, 2, 5, 10, 20, 30, 60, 300],
    registers: [this.#registry],
  })

  constructor(gauges: Gauges) {
    this.#gauge('ccci_bridge_runs_open', 'Runs that are not reported to their end', gauges.open)
    this.#gauge('ccci_bridge_queue_length', 'Runs that wait in the local queue', gauges.queued)
    this.#gauge('ccci_bridge_gitea_away', '1 while Gitea does not do its part', () => Number(gauges.giteaAway()))
    this.#gauge('ccci_bridge_executor_away', '1 while what does the runs does not', () => Number(gauges.executorAway()))
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  #counter<T extends string>(name: string, help: string, labelNames: T[]): Counter<T> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] })
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read())
      },
    })
  }
}
