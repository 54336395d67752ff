import { expect, test } from 'vitest'
import { ProgramError } from '../../process/run.ts'
import { ComposeDocument } from './document.ts'
import { templatedFields } from './formed.ts'
import { hasStackConfig, stackConfig } from './test-stack-config.ts'

/** Whether Docker's loader takes a service before it fills variables in, which is how abra goes about it. */
async function passes(service: object): Promise<boolean> {
  return await stackConfig(service, { skipInterpolation: true }).then(
    () => true,
    (error: unknown) => {
      if (error instanceof ProgramError && /must be|does not match format/i.test(error.output)) return false
      throw error
    },
  )
}

const V = '${V:-1}'
const update = { delay: V, monitor: V, parallelism: V }
/** Everything with a variable that a service can have, as it is written. */
const SERVICE = {
  command: V,
  hostname: V,
  init: V,
  read_only: V,
  stdin_open: V,
  stop_grace_period: V,
  stop_signal: V,
  tty: V,
  user: V,
  environment: { A: V },
  healthcheck: { disable: V, interval: V, retries: V, start_period: V, test: V, timeout: V },
  deploy: {
    endpoint_mode: V,
    labels: { a: V },
    mode: V,
    replicas: V,
    restart_policy: { condition: V, delay: V, max_attempts: V, window: V },
    rollback_config: { ...update, failure_action: V, order: 'start-first' },
    update_config: { ...update, failure_action: V },
  },
}

type Tree = { [key: string]: Tree | string }
const fields = (tree: Tree, path: string[] = []): string[][] =>
  Object.entries(tree).flatMap(([key, value]) =>
    typeof value === 'string' ? (value === V ? [[...path, key]] : []) : fields(value, [...path, key]),
  )
const only = (path: string[]): object => path.reduceRight<unknown>((value, key) => ({ [key]: value }), V) as object

test.runIf(hasStackConfig)(
  'the fields in which a variable is told of are those that Docker’s loader refuses before it fills it in',
  async () => {
    const paths = fields(SERVICE)
    const took = await Promise.all(paths.map((path) => passes(only(path))))
    const refused = paths.filter((_, index) => !took[index]).map((path) => path.join('.'))
    const ports = [`${V}:80`, { target: V, published: V, mode: 'host', protocol: 'tcp' }]
    expect(await passes({ ports: [{ target: 80, published: V }] })).toBe(false)
    expect(await passes({ ports: [{ target: V, published: 80 }] })).toBe(false)
    expect(await passes({ ports: [`${V}:80`] })).toBe(false)
    const text = JSON.stringify({ services: { app: { ...SERVICE, ports } } })
    const found = templatedFields(new ComposeDocument('compose.yml', text, {}), 'app')
    expect(found.toSorted()).toEqual([...refused, 'ports', 'ports.published', 'ports.target'].toSorted())
  },
)
