import { type Alert, alerts } from './alerts.ts'
import { type JanitorTaking, janitorTakings } from './janitor.ts'
import { type WaitingRun, waitingRuns } from './queue.ts'
import { type WarmApp, warmApps } from './warm.ts'

/** What there is on a host beside its runs. */
export interface HostView {
  warm: WarmApp[]
  alerts: Alert[]
  janitor: JanitorTaking[]
  queue: WaitingRun[]
}

/** What is read at most this often (ms), however many look. */
const FRESH_MS = 1_000

const TAKINGS = 100

/** Looks at a host's folders; who asks again within a second gets the same. */
export function hostLook(stateDir: string): () => Promise<HostView> {
  let last: { at: number; view: Promise<HostView> } | undefined
  const look = async (): Promise<HostView> => {
    const [warm, alerted, janitor] = await Promise.all([
      warmApps(stateDir),
      alerts(stateDir),
      janitorTakings(stateDir, TAKINGS),
    ])
    return { warm, alerts: alerted, janitor, queue: waitingRuns(stateDir) }
  }
  return () => {
    const now = performance.now()
    if (!last || now - last.at > FRESH_MS) last = { at: now, view: look() }
    return last.view
  }
}
