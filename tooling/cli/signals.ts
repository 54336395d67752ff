const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Works until it is done or a signal ends it: then the signal is what comes back. */
export async function untilSignal<Value>(
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value | NodeJS.Signals> {
  const ending = new AbortController()
  let told: NodeJS.Signals | undefined
  const end = (signal: NodeJS.Signals) => {
    told ??= signal
    ending.abort(new Error(`ended by ${signal}`))
  }
  for (const signal of SIGNALS) process.on(signal, end)
  try {
    return await work(ending.signal)
  } catch (error) {
    if (told) return told
    throw error
  } finally {
    for (const signal of SIGNALS) process.off(signal, end)
  }
}
