import { stringify } from 'yaml'
import type { ComposeView, ServiceSpec } from '../../recipe/compose-view.ts'
import type { EngineApp, Target } from '../engine.ts'

/** The label by which cc-ci finds the services of a run. */
export const RUN_LABEL = 'cc-ci.run'

export interface OverlayRequest {
  app: EngineApp
  target: Target
  compose: ComposeView
  env: Record<string, string>
  /** False: the kernel has no IPVS, service virtual IPs do not forward. */
  ipvs: boolean
}

/**
 * The last compose file of a deployment, generated: what abra changes in the loaded files before it deploys (labels that
 * must be set, every variable of the app for the service `app`: abra.md §4 step 10), the run's label, and, only where
 * the kernel has no IPVS, DNS round-robin endpoints and host-mode ports.
 */
export function overlayFor(request: OverlayRequest): string {
  const { compose } = request
  const services = Object.fromEntries(
    Object.values(compose.services).map((service) => [service.name, serviceOverlay(service, request)]),
  )
  // Docker's loader refuses files whose versions differ.
  return stringify({ ...(compose.version === undefined ? {} : { version: compose.version }), services })
}

function serviceOverlay(service: ServiceSpec, request: OverlayRequest): object {
  const quirk = needsQuirk(service, request)
  const ports = service.ports.filter((port) => port.mode === 'ingress')
  return {
    ...(service.name === 'app' ? { environment: missingEnvironment(service, request) } : {}),
    ...(quirk && ports.length > 0 ? { ports: ports.map((port) => ({ ...port, mode: 'host' })) } : {}),
    deploy: {
      labels: mapValues(labelsFor(service, request), escaped),
      ...(quirk ? { endpoint_mode: 'dnsrr' } : {}),
    },
  }
}

/** The host differences that the overlay handles, in words. */
export function quirksOf(request: OverlayRequest): string[] {
  const changed = Object.values(request.compose.services).filter((service) => needsQuirk(service, request))
  if (changed.length === 0) return []
  const ported = changed.filter((service) => service.ports.some((port) => port.mode === 'ingress'))
  return [
    `no IPVS in the kernel: endpoint_mode dnsrr for ${changed.map((service) => service.name).join(', ')}`,
    ...(ported.length > 0
      ? [`no IPVS in the kernel: host-mode ports for ${ported.map((service) => service.name).join(', ')}`]
      : []),
  ]
}

function needsQuirk(service: ServiceSpec, request: OverlayRequest): boolean {
  return !request.ipvs && (service.endpointMode !== 'dnsrr' || service.ports.some((port) => port.mode === 'ingress'))
}

function labelsFor(service: ServiceSpec, { app, target }: OverlayRequest): Record<string, string> {
  const prefix = `coop-cloud.${app.stack}`
  const chaos = target.tag === undefined
  return {
    [RUN_LABEL]: app.runId,
    ...(service.name === 'app'
      ? {
          [`${prefix}.recipe`]: app.recipe,
          [`${prefix}.chaos`]: String(chaos),
          ...(chaos
            ? { [`${prefix}.chaos-version`]: target.commit.slice(0, 8) }
            : { [`${prefix}.version`]: target.version }),
        }
      : {}),
  }
}

function missingEnvironment(service: ServiceSpec, { env, app, target }: OverlayRequest): Record<string, string> {
  const all: Record<string, string> = { ...env, TYPE: `${app.recipe}:${target.version}` }
  const missing = Object.entries(all).filter(([key]) => !service.environmentKeys.includes(key))
  return mapValues(Object.fromEntries(missing), escaped)
}

/** A `$` that is meant as such is doubled in a compose file. */
const escaped = (value: string): string => value.replaceAll('$', '$$$$')

function mapValues(record: Record<string, string>, change: (value: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]))
}
