import { readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { messageOf } from '../../errors.ts'
import { type ComposeDocument, isMapping, type Mapping, type Path } from './document.ts'
import { templatedFields } from './formed.ts'
import { type MountSpec, readMounts } from './mounts.ts'
import { type PortSpec, readPorts } from './ports.ts'
import { boolean, integer, keyValues, list, shown, text } from './values.ts'

const MODES = ['replicated', 'global', 'replicated-job', 'global-job'] as const

export type ServiceMode = (typeof MODES)[number]

/** What one compose file says of a service; `undefined` where it says nothing. */
export interface ServicePart {
  image: string | undefined
  deployLabels: Record<string, string>
  strayLabels: Record<string, string>
  environmentKeys: string[]
  secrets: string[]
  configs: string[]
  networks: string[]
  volumes: MountSpec[]
  ports: PortSpec[]
  mode: ServiceMode | undefined
  replicas: number | undefined
  endpointMode: string | undefined
  restartCondition: string | undefined
  updateFailureAction: string | undefined
  stopGracePeriod: string | undefined
  healthcheckTest: string[] | undefined
  healthcheckDisabled: boolean
  templatedFields: string[]
}

/** Reads a service out of one compose file. `dir` is the folder of the first compose file. */
export function readService(doc: ComposeDocument, name: string, dir: string): ServicePart {
  const path = ['services', name]
  const services = doc.section(doc.data.services, ['services'])
  const service = doc.section(services[name], path)
  const deploy = doc.section(service.deploy, [...path, 'deploy'])
  const of = (key: string): Path => [...path, key]
  const ofDeploy = (key: string): Path => [...path, 'deploy', key]
  return {
    image: text(doc, service, 'image', path),
    deployLabels: keyValues(doc, deploy.labels, ofDeploy('labels')),
    strayLabels: keyValues(doc, service.labels, of('labels')),
    environmentKeys: [
      ...envFileKeys(doc, service.env_file, of('env_file'), dir),
      ...Object.keys(keyValues(doc, service.environment, of('environment'))),
    ],
    secrets: references(doc, service.secrets, of('secrets')),
    configs: references(doc, service.configs, of('configs')),
    networks: isMapping(service.networks)
      ? Object.keys(service.networks)
      : references(doc, service.networks, of('networks')),
    volumes: readMounts(doc, service.volumes, of('volumes'), dir),
    ports: readPorts(doc, service.ports, of('ports')),
    mode: mode(doc, deploy, ofDeploy('mode')),
    replicas: integer(doc, deploy.replicas, ofDeploy('replicas')),
    endpointMode: text(doc, deploy, 'endpoint_mode', of('deploy')),
    restartCondition: nested(doc, deploy, 'restart_policy', 'condition', of('deploy')),
    updateFailureAction: nested(doc, deploy, 'update_config', 'failure_action', of('deploy')),
    stopGracePeriod: text(doc, service, 'stop_grace_period', path),
    templatedFields: templatedFields(doc, name),
    ...healthcheck(doc, doc.section(service.healthcheck, of('healthcheck')), of('healthcheck')),
  }
}

/** Names of top-level objects, in the short form or as `source:`. */
function references(doc: ComposeDocument, value: unknown, path: Path): string[] {
  return list(doc, value, path).map((entry, index) => {
    const name = isMapping(entry) ? entry.source : entry
    if (typeof name === 'string') return name
    throw doc.fault([...path, index], 'must be a name or have a source.', { lastSeen: shown(entry) })
  })
}

function mode(doc: ComposeDocument, deploy: Mapping, path: Path): ServiceMode | undefined {
  if (deploy.mode === undefined || deploy.mode === '') return undefined
  const known = MODES.find((each) => each === deploy.mode)
  if (known) return known
  throw doc.fault(path, `must be one of ${MODES.join(', ')}.`, { lastSeen: shown(deploy.mode) })
}

function nested(doc: ComposeDocument, owner: Mapping, key: string, inner: string, path: Path): string | undefined {
  const at = [...path, key]
  return text(doc, doc.section(owner[key], at), inner, at)
}

function healthcheck(
  doc: ComposeDocument,
  check: Mapping,
  path: Path,
): Pick<ServicePart, `healthcheck${string}` & keyof ServicePart> {
  const { test } = check
  return {
    healthcheckTest:
      typeof test === 'string'
        ? ['CMD-SHELL', test]
        : test === undefined
          ? undefined
          : list(doc, test, [...path, 'test']).map(String),
    healthcheckDisabled: boolean(doc, check.disable, [...path, 'disable']),
  }
}

function envFileKeys(doc: ComposeDocument, value: unknown, path: Path, dir: string): string[] {
  const files = typeof value === 'string' ? [value] : list(doc, value, path).map(String)
  return files.flatMap((file) => {
    try {
      const lines = readFileSync(isAbsolute(file) ? file : join(dir, file), 'utf8').split(/\r?\n/)
      return lines.flatMap((line) => /^\s*([^#=\s][^=\s]*)=/.exec(line)?.[1] ?? [])
    } catch (error) {
      throw doc.fault(path, 'names a file that cannot be read.', { lastSeen: messageOf(error), cause: error })
    }
  })
}
