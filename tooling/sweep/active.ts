import { listRecords, type Settings, stackName, whoIsLive } from '@cc-ci/harness'
import { livesHere } from './lives.ts'

/** The lease that a sweep holds as long as it works, in the folder of the engine's leases. */
export const SWEEP_LEASE = 'sweep'

/**
 * What is going on that a sweep would disturb, in words; empty when it may begin. Whoever looks after a shared app at this
 * moment does not count: reconciling waits for its turn.
 *
 * @param leases the folder of the engine's leases.
 */
export function activeRuns(
  settings: Pick<Settings, 'stateDir' | 'sharedApps' | 'baseDomain'>,
  leases: string,
): string[] {
  const shared = settings.sharedApps.map(({ recipe, domain = `warm-${recipe}.${settings.baseDomain}` }) =>
    stackName(domain),
  )
  const live = whoIsLive(leases, { leases: [...shared, SWEEP_LEASE] })
  const records = listRecords(settings.stateDir)
    .filter((record) => livesHere(record) && !live.some((text) => text.includes(record.id)))
    .map(({ id, pid }) => `run ${id} is running (process ${pid})`)
  return [...live, ...records]
}
