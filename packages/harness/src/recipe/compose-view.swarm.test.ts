import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { removeStack } from '../app/teardown.ts'
import { dockerClient } from '../docker/connect.ts'
import { type ProgramError, run } from '../process/run.ts'
import { loadSettings } from '../settings/load.ts'
import { type ComposeView, readCompose, type ServiceSpec } from './compose-view.ts'

const { dockerHost } = await loadSettings()
const docker = dockerClient(dockerHost)
let dir: string
let stack: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ccci-compose-'))
  stack = `ccci-compose-${randomBytes(3).toString('hex')}`
})

afterEach(async () => {
  await removeStack(docker, stack, { timeoutMs: 60_000 })
  rmSync(dir, { recursive: true })
})

/** Hands the files to Docker; no service has a replica, so nothing is started or pulled. */
async function deploy(files: Record<string, string>, env: Record<string, string> = {}): Promise<ComposeView> {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
  const names = Object.keys(files).filter((name) => name.endsWith('.yml'))
  const view = await readCompose({ dir, env: { ...env, COMPOSE_FILE: names.join(':') }, stack })
  await stackDeploy(names, env)
  return view
}

async function stackDeploy(names: string[], env: Record<string, string>, host = dockerHost): Promise<void> {
  const files = names.flatMap((name) => ['--compose-file', name])
  const own = { PATH: process.env.PATH, DOCKER_HOST: host, STACK_NAME: stack }
  const args = ['stack', 'deploy', '--resolve-image', 'never', ...files, stack]
  await run('docker', args, { cwd: dir, cleanEnv: true, env: { ...env, ...own } })
}

interface Inspected {
  Spec: {
    Labels: Record<string, string>
    TaskTemplate: {
      ContainerSpec: {
        Image: string
        Env?: string[]
        Labels?: Record<string, string>
        Mounts?: { Type: string; Source?: string; Target: string; ReadOnly?: boolean }[]
        Secrets?: { SecretName: string }[]
        Configs?: { ConfigName: string }[]
      }
      Networks?: { Target: string }[]
    }
    EndpointSpec?: {
      Mode?: string
      Ports?: { TargetPort: number; PublishedPort?: number; Protocol: string; PublishMode: string }[]
    }
    Mode: { Replicated?: { Replicas: number }; Global?: object }
  }
}

const own = (labels: Record<string, string> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => !name.startsWith('com.docker.stack.')))

/** What swarm holds of a service, in the words of a ServiceSpec. */
async function asDeployed(name: string): Promise<object> {
  const { Spec } = (await docker.getService(`${stack}_${name}`).inspect()) as Inspected
  const { ContainerSpec: container, Networks = [] } = Spec.TaskTemplate
  const networks = await docker.listNetworks()
  return {
    deployLabels: own(Spec.Labels),
    strayLabels: own(container.Labels),
    image: container.Image,
    environmentKeys: (container.Env ?? []).map((pair) => pair.split('=')[0]).sort(),
    networks: Networks.map(({ Target }) => networks.find(({ Id }) => Id === Target)?.Name).sort(),
    secrets: (container.Secrets ?? []).map((secret) => secret.SecretName).sort(),
    configs: (container.Configs ?? []).map((config) => config.ConfigName).sort(),
    volumes: (container.Mounts ?? [])
      .map(({ Type, Source = '', Target, ReadOnly = false }) => `${Type} ${Source} ${Target} ${ReadOnly}`)
      .sort(),
    ports: (Spec.EndpointSpec?.Ports ?? [])
      .map(({ TargetPort, PublishedPort, Protocol, PublishMode }) =>
        [PublishedPort, TargetPort, Protocol, PublishMode].join(' '),
      )
      .sort(),
    endpointMode: Spec.EndpointSpec?.Mode ?? 'vip',
    mode: Spec.Mode.Global ? 'global' : 'replicated',
    replicas: Spec.Mode.Replicated?.Replicas,
  }
}

/** The same of our view. */
function asRead(view: ComposeView, name: string): object {
  const service = view.services[name] as ServiceSpec
  return {
    deployLabels: service.deployLabels,
    strayLabels: service.strayLabels,
    image: service.image,
    environmentKeys: [...service.environmentKeys].sort(),
    networks: service.networks.map((key) => view.networks[key]?.name).sort(),
    secrets: service.secrets.map((key) => view.secrets[key]?.name).sort(),
    configs: service.configs.map((key) => view.configs[key]?.name).sort(),
    volumes: service.volumes
      .map(({ type, source, target, readOnly }) =>
        [type, type === 'volume' ? (view.volumes[source]?.name ?? '') : source, target, readOnly].join(' '),
      )
      .sort(),
    ports: service.ports
      .map(({ published, target, protocol, mode }) => [published, target, protocol, mode].join(' '))
      .sort(),
    endpointMode: service.endpointMode ?? 'vip',
    mode: service.mode,
    replicas: service.mode === 'global' ? undefined : service.replicas,
  }
}

describe('the compose view is what swarm gets', () => {
  test('from files merged in order', async () => {
    await docker.createSecret({ Name: `${stack}_pw_v1`, Data: 'eA==', Labels: { 'com.docker.stack.namespace': stack } })
    const view = await deploy(
      {
        'compose.yml': `
version: "3.8"
x-common: &common
  FOO: bar
  NUMBER: 1.10
services:
  app:
    image: none/app:\${TAG:-1}
    environment:
      <<: *common
      EMPTY:
    ports: ["80", "8080:80", "9000-9002:9000-9002/udp", "127.0.0.1:99:98", {target: 81, published: 8081, mode: host}]
    volumes: [data:/data, "cache:/cache:ro", ./page:/page:ro, {type: tmpfs, target: /tmp}]
    configs: [{source: page, target: /x}]
    secrets: [{source: pw, target: other}]
    networks: [internal]
    labels: {stray: here}
    deploy:
      replicas: 0
      labels: ["a=b", "empty", "eq=d=e", "ref=$TAG-x", 'dollar=$$1', "mounts.\${STACK_NAME}=yes"]
      endpoint_mode: vip
  twice:
    image: none/twice:1
    ports: ["5353:53/tcp", "5353:53/udp", "81", "82"]
    deploy: {replicas: 0, labels: {float: 1e6, octal: 0755, "null": null}}
  everywhere:
    image: none/everywhere:1
    env_file: vars.env
    deploy: {mode: global, placement: {constraints: [node.labels.nowhere == true]}}
volumes:
  data: {name: "own-\${STACK_NAME}"}
  cache: {}
configs:
  page: {file: ./page, name: "\${STACK_NAME}_page_\${PAGE_VERSION}"}
secrets:
  pw: {external: true, name: "\${STACK_NAME}_pw_v1"}
networks:
  internal: {}
`,
        'compose.more.yml': `
version: "3.8"
services:
  app:
    ports: ["8080:90", "8443:443"]
    volumes: [{type: volume, source: cache, target: /more, read_only: true}]
    environment: [FOO=again, MORE=1]
    networks: {internal: {aliases: [x]}, default: {}}
    deploy:
      labels: {a: z, more: 7}
  twice:
    deploy: {endpoint_mode: vip}
volumes:
  data: {}
`,
        page: 'hello',
        'vars.env': '# no\nONE=1\nTWO\n',
      },
      { PAGE_VERSION: 'v3', TAG: '2' },
    )
    for (const name of ['app', 'twice', 'everywhere']) expect(asRead(view, name)).toEqual(await asDeployed(name))
    expect(view.networks.internal?.name).toBe(`${stack}_internal`)
  })

  const env = { A: 'a', B: '', LONG_NAME1: 'x-y:z', C: '$A${A}' }

  test('down to every way of writing a variable', async () => {
    const token = fc.constantFrom(
      '$',
      '${',
      '}',
      'A',
      'B',
      'C',
      'UNSET',
      'LONG_NAME1',
      ':',
      '-',
      '?',
      ':-',
      ':?',
      '$$',
      ' ',
      '1',
      '_',
      'é',
      '{',
      '"',
    )
    const templates = fc
      .sample(fc.array(token, { minLength: 2, maxLength: 8 }), { numRuns: 600, seed: 1 })
      .map((parts) => parts.join(''))
    const composeOf = (labels: Record<string, string>) =>
      stringify({ version: '3.8', services: { app: { image: 'none:1', deploy: { replicas: 0, labels } } } })
    const labels: Record<string, string> = {}
    const refused: string[] = []
    for (const [index, template] of templates.entries()) {
      writeFileSync(join(dir, 'one.yml'), composeOf({ l: template }))
      const read = readCompose({ dir, env: { ...env, COMPOSE_FILE: 'one.yml' }, stack })
      await read.then(
        () => Object.assign(labels, { [`l${index}`]: template }),
        () => refused.push(template),
      )
    }
    const view = await deploy({ 'compose.yml': composeOf(labels) }, env)
    expect(Object.keys(labels).length).toBeGreaterThan(100)
    expect(asRead(view, 'app')).toEqual(await asDeployed('app'))

    expect(refused.length).toBeGreaterThan(10)
    for (const template of refused.slice(0, 10)) {
      writeFileSync(join(dir, 'one.yml'), composeOf({ l: template }))
      // Docker reads the files before it looks for an engine.
      const error = await stackDeploy(['one.yml'], env, 'tcp://127.0.0.1:1').catch((each: ProgramError) => each)
      expect([template, (error as ProgramError).output]).toEqual([
        template,
        expect.stringMatching(/invalid|missing a value/i),
      ])
    }
  })

  test('down to every way of writing a number or word', async () => {
    const written = fc.stringMatching(/^[0-9+.][0-9+._eExXoObB-]{0,9}$/)
    const words = [
      '~',
      'null',
      '.5',
      '1e6',
      '1e-7',
      '12345678901234567890',
      '1e400',
      '22:22',
      '1_000',
      '0o17',
      '+0x1F',
      '-1.50',
      '"yes"',
      '-0',
    ]
    const values = [...words, ...fc.sample(written, { numRuns: 400, seed: 1 })].filter(
      (value) => !/^\d{4}-\d/.test(value),
    )
    const lines = values.map((value, index) => `        l${index}: ${value}`)
    const text = `version: "3.8"\nservices:\n  app:\n    image: none:1\n    deploy:\n      replicas: 0\n      labels:\n${lines.join('\n')}\n`
    const view = await deploy({ 'compose.yml': text })
    const told = (labels: Record<string, string>) => values.map((value, index) => `${value} is ${labels[`l${index}`]}`)
    const { deployLabels } = (await asDeployed('app')) as ServiceSpec
    expect(told(view.services.app?.deployLabels ?? {})).toEqual(told(deployLabels))
  })
})
