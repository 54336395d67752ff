import { existsSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
import type { Settings } from '../settings/schema.ts'

/** Where a Linux kernel shows that it has IPVS: loaded or built in, or as a module that the engine can load. */
const PROC = '/proc/net/ip_vs'

/**
 * True when a service's virtual IP forwards on this host. Swarm's virtual IPs and its ingress mesh need the kernel's
 * IPVS; without it they resolve and do not answer. A remote engine's kernel cannot be seen from here: it counts as
 * having IPVS unless the setting `ipvs` says otherwise.
 */
export function hasIpvs(settings: Pick<Settings, 'ipvs' | 'dockerHost'>): boolean {
  if (settings.ipvs !== 'auto') return settings.ipvs === 'yes'
  if (!settings.dockerHost.startsWith('unix://')) return true
  return existsSync(PROC) || moduleExists(`/lib/modules/${release()}`)
}

function moduleExists(folder: string): boolean {
  return ['modules.builtin', 'modules.dep'].some((list) => {
    const file = `${folder}/${list}`
    return existsSync(file) && /\/ip_vs\.ko/.test(readFileSync(file, 'utf8'))
  })
}
