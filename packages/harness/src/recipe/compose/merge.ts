import type { ServicePart } from './service.ts'

const union = (a: string[], b: string[]): string[] => [...new Set([...a, ...b])]

/** The entries of both lists, a later one replacing an earlier one of the same key. */
function byKey<T>(entries: T[], key: (entry: T) => unknown): T[] {
  return [...new Map(entries.map((entry) => [key(entry), entry])).values()]
}

/**
 * Lays what a later file says of a service over what the earlier ones said, as docker/cli does (20.10 to 28.2): maps are
 * merged, mounts are replaced by target, and ports by the published port. So a service that two files mention keeps only one
 * port per published number, even if the later file says nothing of ports: `53:53/tcp` is lost to `53:53/udp`.
 */
export function mergeService(base: ServicePart, over: ServicePart): ServicePart {
  const ports = [...base.ports, ...over.ports]
  return {
    image: over.image ?? base.image,
    deployLabels: { ...base.deployLabels, ...over.deployLabels },
    strayLabels: { ...base.strayLabels, ...over.strayLabels },
    environmentKeys: union(base.environmentKeys, over.environmentKeys),
    secrets: union(base.secrets, over.secrets),
    configs: union(base.configs, over.configs),
    networks: union(base.networks, over.networks),
    volumes: byKey([...base.volumes, ...over.volumes], (mount) => mount.target),
    ports: base.ports.length === 0 ? ports : byKey(ports, (port) => port.published),
    mode: over.mode ?? base.mode,
    replicas: over.replicas ?? base.replicas,
    endpointMode: over.endpointMode ?? base.endpointMode,
    restartCondition: over.restartCondition ?? base.restartCondition,
    updateFailureAction: over.updateFailureAction ?? base.updateFailureAction,
    stopGracePeriod: over.stopGracePeriod ?? base.stopGracePeriod,
    healthcheckTest: over.healthcheckTest ?? base.healthcheckTest,
    templatedFields: union(base.templatedFields, over.templatedFields),
    healthcheckDisabled: over.healthcheckDisabled || base.healthcheckDisabled,
  }
}
