import { join } from 'node:path'
import { MessageChannel } from 'node:worker_threads'
import { Tinypool } from 'tinypool'
import type { ChildEnd, ChildRequest } from './run-child.ts'

/** Runs children side by side, as many as the host has capacity for; more wait for their turn, in their order. */
export class ChildPool implements AsyncDisposable {
  readonly #threads: Tinypool
  readonly #tell = new Set<(signal: NodeJS.Signals) => void>()

  /** @param size how many run at once. */
  constructor(size: number) {
    this.#threads = new Tinypool({
      filename: join(import.meta.dirname, 'worker.ts'),
      runtime: 'worker_threads',
      minThreads: 0,
      maxThreads: size,
      concurrentTasksPerWorker: 1,
      // A thread that waits for its child must hear signals.
      useAtomics: false,
      execArgv: [],
    })
  }

  /** Runs one to its end; `undefined` when it was told to end before it had begun. */
  async run(request: ChildRequest): Promise<ChildEnd | undefined> {
    const { port1, port2 } = new MessageChannel()
    const tell = (signal: NodeJS.Signals) => port1.postMessage(signal)
    this.#tell.add(tell)
    try {
      return (await this.#threads.run({ ...request, port: port2 }, { transferList: [port2] })) as ChildEnd | undefined
    } finally {
      this.#tell.delete(tell)
      port1.close()
    }
  }

  /** Hands a signal to all that run; those that wait do not begin any more. */
  kill(signal: NodeJS.Signals): void {
    for (const tell of this.#tell) tell(signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#threads.destroy()
  }
}
