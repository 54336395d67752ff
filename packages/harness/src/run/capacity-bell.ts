import { type FSWatcher, watch } from 'node:fs'

export interface Bell {
  /** Resolves at the next ring, after `atMostMs`, or at the signal's abort, whichever comes first. Never rejects. */
  rings(atMostMs: number, signal?: AbortSignal): Promise<void>
  takeDown(): void
}

/**
 * Rings when somebody leaves the capacity queue in a folder, or enters it: lock files come and go. Only as far as the
 * system tells; a process that is killed leaves its lock file behind and makes no sound.
 */
export function hangBell(folder: string): Bell {
  let rung = false
  let wake = () => {}
  const ring = (_event: string, file: string | null) => {
    if (file?.endsWith('.lock') === false) return
    rung = true
    wake()
  }
  const watcher = watched(folder, ring)
  return {
    async rings(atMostMs, signal) {
      if (!rung && !signal?.aborted) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, atMostMs)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
          signal?.addEventListener('abort', wake, { once: true })
        })
        signal?.removeEventListener('abort', wake)
      }
      rung = false
    },
    takeDown: () => watcher?.close(),
  }
}

function watched(folder: string, listener: (event: string, file: string | null) => void): FSWatcher | undefined {
  try {
    return watch(folder, { persistent: false }, listener).on('error', () => {})
  } catch {
    return undefined
  }
}
