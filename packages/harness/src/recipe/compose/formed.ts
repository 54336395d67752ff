import { type ComposeDocument, isMapping, type Mapping } from './document.ts'
import { templateVariables } from './interpolate.ts'

const UPDATE = ['delay', 'monitor', 'parallelism']

/** Fields of a service that must be a number, a duration or true or false. */
const FORMED: readonly (readonly string[])[] = [
  ...['init', 'read_only', 'stdin_open', 'stop_grace_period', 'tty'].map((field) => [field]),
  ...['disable', 'interval', 'retries', 'start_period', 'timeout'].map((field) => ['healthcheck', field]),
  ['deploy', 'replicas'],
  ...['update_config', 'rollback_config'].flatMap((config) => UPDATE.map((field) => ['deploy', config, field])),
  ...['delay', 'max_attempts', 'window'].map((field) => ['deploy', 'restart_policy', field]),
]

const at = (owner: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, key) => (isMapping(value) ? value[key] : undefined), owner)

const isTemplate = (value: unknown): boolean => typeof value === 'string' && templateVariables(value).length > 0

/**
 * The fields of a service that must have a form of their own and have a variable in this file. Docker fills it in before it
 * checks the form; abra is known to check first where a duration belongs, and may refuse the others, too.
 */
export function templatedFields(doc: ComposeDocument, name: string): string[] {
  const services = doc.section(doc.raw.services, ['services'])
  const service = services[name] as Mapping
  const ports = Array.isArray(service.ports) ? service.ports : []
  const shortPorts = ports.some(isTemplate) ? ['ports'] : []
  const ofPorts = ['published', 'target'].filter((field) => ports.some((port) => isTemplate(at(port, [field]))))
  return [
    ...FORMED.filter((path) => isTemplate(at(service, path))).map((path) => path.join('.')),
    ...shortPorts,
    ...ofPorts.map((field) => `ports.${field}`),
  ]
}
