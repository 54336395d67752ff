import { existsSync, readdirSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { parseDocument } from 'yaml'
import { ownerLabels } from '../../docker/labels.ts'
import type { ComposeView, ServiceSpec } from '../../recipe/compose-view.ts'
import { typeText } from '../../recipe/version.ts'
import type { EngineApp, Target } from '../engine.ts'
import { type ConfigPatch, patchCompose, type ServicePatch } from './patch-compose.ts'
import { AUTHORITIES, type Reach, reachPatch } from './reach.ts'

const COPY = /^\.cc-ci\.(\d+)\.yml$/

/** The copies that stand in a checkout, absolute, in their order. */
export function copiesIn(checkout: string): string[] {
  if (!existsSync(checkout)) return []
  return readdirSync(checkout, { recursive: true, encoding: 'utf8' })
    .filter((path) => COPY.test(basename(path)))
    .sort((one, other) => numberOf(one) - numberOf(other))
    .map((path) => join(checkout, path))
}

const numberOf = (copy: string): number => Number(COPY.exec(basename(copy))?.[1])

export interface CopyRequest {
  app: EngineApp
  target: Target
  compose: ComposeView
  env: Record<string, string>
  /** False: the kernel has no IPVS, service virtual IPs do not forward. */
  ipvs: boolean
  /** Only what the host needs: whoever deploys sets labels and variables itself. */
  hostOnly?: boolean
  /** How its containers reach other apps. */
  reach?: Reach | undefined
}

/**
 * Writes copies of the recipe's compose files with the changes that a deployment needs, into the folder of the first one
 * (relative paths in them start there): what abra changes in the loaded files (labels that must be set, every variable of
 * the app for the service `app`: abra.md §4 step 10), the run's labels, and, only where the kernel has no IPVS, DNS
 * round-robin endpoints and host-mode ports.
 *
 * @returns the copies in their order, absolute.
 */
export async function writeCopies(request: CopyRequest): Promise<string[]> {
  const { compose, app } = request
  const texts = await Promise.all(compose.files.map((file) => readFile(file, 'utf8')))
  const mentions = texts.map(servicesIn)
  const folder = dirname(compose.files[0] ?? app.checkout.dir)
  const withVersion = compose.version === undefined && !request.hostOnly
  const copies: string[] = []
  for (const [index, text] of texts.entries()) {
    const later = new Set(mentions.slice(index + 1).flat())
    const patches = Object.fromEntries(
      (mentions[index] ?? []).flatMap((name) => {
        const service = compose.services[name]
        return service ? [[name, patchFor(service, request, !later.has(name))]] : []
      }),
    )
    const copy = join(folder, `.cc-ci.${index}.yml`)
    const configs = index === 0 ? configsFor(request) : {}
    await writeFile(copy, patchCompose(text, patches, { withVersion, env: request.env, configs }))
    copies.push(copy)
  }
  return copies
}

/** The services that a file mentions, as they are written. */
function servicesIn(text: string): string[] {
  const content = parseDocument(text, { schema: 'failsafe', merge: true, uniqueKeys: false }).toJS() as {
    services?: object
  } | null
  return Object.keys(content?.services ?? {})
}

/** All changes go into the last file that mentions a service; before that, only ports that will be written anew are taken out. */
function patchFor(service: ServiceSpec, request: CopyRequest, last: boolean): ServicePatch {
  const ports = needsHostPorts(service, request)
  if (!last) return ports ? { ports: [] } : {}
  const own = request.hostOnly ? {} : ownWords(service, request)
  const reach = reachPatch(service, request.compose, request.reach)
  const environment = { ...own.environment, ...reach.environment }
  return {
    ...own,
    ...reach,
    ...(Object.keys(environment).length > 0 ? { environment } : {}),
    ...(needsDnsrr(service, request) ? { endpointMode: 'dnsrr' } : {}),
    ...(ports ? { ports: service.ports.map((port) => ({ ...port, mode: 'host' as const })) } : {}),
  }
}

const configsFor = ({ reach }: CopyRequest): Record<string, ConfigPatch> =>
  reach?.authorities ? { [AUTHORITIES.key]: reach.authorities } : {}

/** What abra changes in the files it has loaded, and the run's labels. */
const ownWords = (service: ServiceSpec, request: CopyRequest): ServicePatch => ({
  labels: labelsFor(service, request),
  ...(service.name === 'app' ? { environment: missingEnvironment(service, request) } : {}),
})

/** The host differences that the copies handle, in words. */
export function quirksOf(request: Pick<CopyRequest, 'compose' | 'ipvs'>): string[] {
  const services = Object.values(request.compose.services)
  const names = (changed: ServiceSpec[]) => changed.map((service) => service.name).join(', ')
  const dnsrr = services.filter((service) => needsDnsrr(service, request))
  const ports = services.filter((service) => needsHostPorts(service, request))
  return [
    ...(dnsrr.length > 0 ? [`no IPVS in the kernel: endpoint_mode dnsrr for ${names(dnsrr)}`] : []),
    ...(ports.length > 0 ? [`no IPVS in the kernel: host-mode ports for ${names(ports)}`] : []),
  ]
}

const needsDnsrr = (service: ServiceSpec, { ipvs }: { ipvs: boolean }): boolean =>
  !ipvs && service.endpointMode !== 'dnsrr'

const needsHostPorts = (service: ServiceSpec, { ipvs }: { ipvs: boolean }): boolean =>
  !ipvs && service.ports.some((port) => port.mode === 'ingress')

function labelsFor(service: ServiceSpec, { app, target }: CopyRequest): Record<string, string> {
  const prefix = `coop-cloud.${app.stack}`
  const chaos = target.tag === undefined
  return {
    ...ownerLabels(app.runId),
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

function missingEnvironment(service: ServiceSpec, { env, app, target }: CopyRequest): Record<string, string> {
  const all: Record<string, string> = { ...env, TYPE: typeText(app.recipe, target.version) }
  return Object.fromEntries(Object.entries(all).filter(([key]) => !service.environmentKeys.includes(key)))
}
