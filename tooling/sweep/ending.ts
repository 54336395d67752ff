const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** What a sweep is told from outside: the signals that end it. They are listened to until it is disposed of. */
export class Ending implements Disposable {
  readonly #ended = new AbortController()
  /** Those that are told of each signal. */
  readonly tell = new Set<(signal: NodeJS.Signals) => void>()
  /** The first signal that came. */
  told: NodeJS.Signals | undefined
  /** Aborted by the first signal. */
  readonly signal: AbortSignal = this.#ended.signal

  constructor() {
    for (const signal of SIGNALS) process.on(signal, this.#hear)
  }

  readonly #hear = (signal: NodeJS.Signals): void => {
    this.told ??= signal
    this.#ended.abort(new Error(`the sweep was ended by ${signal}`))
    for (const tell of this.tell) tell(signal)
  };

  [Symbol.dispose](): void {
    for (const signal of SIGNALS) process.off(signal, this.#hear)
  }
}
