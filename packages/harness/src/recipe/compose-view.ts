import { glob, readFile } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative } from 'node:path'
import { messageOf } from '../errors.ts'
import { ComposeDocument, type Path } from './compose/document.ts'
import { ComposeError, MissingComposeFileError } from './compose/error.ts'
import { mergeService } from './compose/merge.ts'
import type { MountSpec } from './compose/mounts.ts'
import {
  type ConfigObject,
  type NamedSpec,
  readConfig,
  readNamed,
  readSecret,
  readSection,
  type SecretObject,
} from './compose/objects.ts'
import type { PortSpec } from './compose/ports.ts'
import { readService, type ServiceMode, type ServicePart } from './compose/service.ts'
import { nearest } from './source.ts'

/** A service as swarm will get it. */
export interface ServiceSpec {
  name: string
  image: string
  /** The labels under `deploy:`, which become labels of the swarm service. */
  deployLabels: Record<string, string>
  /** Labels outside `deploy:`: swarm gives them to the containers, where traefik, abra and the backup bot do not look. */
  strayLabels: Record<string, string>
  environmentKeys: string[]
  /** Keys of the top-level maps. */
  secrets: string[]
  configs: string[]
  /** `default` when the service names none. */
  networks: string[]
  volumes: MountSpec[]
  ports: PortSpec[]
  mode: ServiceMode
  replicas: number
  endpointMode: string | undefined
  /** Whether the compose files give a check of their own (an image may bring one, too). */
  hasHealthcheck: boolean
  restartCondition: string | undefined
  updateFailureAction: string | undefined
  /** As written, such as `1m30s`. */
  stopGracePeriod: string | undefined
  /** Fields that have a variable although their form may be checked before it is filled in, such as `healthcheck.interval`. */
  templatedFields: string[]
}

/** What `docker stack deploy` would see of a recipe, as far as the harness needs to know it. */
export interface ComposeView {
  /** The `version:` of the files. Docker's 20.10 client refuses files without one. */
  version: string | undefined
  /** Absolute paths, in the order in which they are merged. */
  files: string[]
  services: Record<string, ServiceSpec>
  volumes: Record<string, NamedSpec>
  secrets: Record<string, SecretObject>
  configs: Record<string, ConfigObject>
  networks: Record<string, NamedSpec>
}

/** Which compose files to read, and with what. */
export interface ComposeRequest {
  /** The recipe's folder. */
  dir: string
  /** The app's variables and abra.sh's exports; `STACK_NAME` is set to `stack`, whatever it says. */
  env: Record<string, string>
  stack: string
}

/**
 * Reads a recipe's compose files: those of `COMPOSE_FILE` (`compose.yml` when it is unset), interpolated and merged in order
 * by the rules of docker/cli, whose loader abra uses.
 *
 * @throws {MissingComposeFileError} naming the compose files there are.
 * @throws {ComposeError} naming file, path and line, for whatever could not be deployed and can be told without Docker.
 */
export async function readCompose(request: ComposeRequest): Promise<ComposeView> {
  const { dir, stack } = request
  const listed = (request.env.COMPOSE_FILE ?? '').split(':').filter(Boolean)
  const files = (listed.length > 0 ? listed : ['compose.yml']).map((file) =>
    isAbsolute(file) ? file : join(dir, file),
  )
  const env = { ...request.env, STACK_NAME: stack }
  const docs: ComposeDocument[] = []
  for (const file of files) {
    docs.push(new ComposeDocument(relative(dir, file), await readText(dir, file, listed.length > 0), env))
  }
  const version = oneVersion(docs)
  const base = dirname(files[0] ?? dir)
  const services = readServices(docs, base)
  const networks = readSection(docs, 'networks', (...at) => readNamed(...at, stack))
  const usesDefault = Object.values(services).some((service) => service.networks.includes('default'))
  if (usesDefault) networks.default ??= { name: `${stack}_default`, external: false }
  const view: ComposeView = {
    version,
    files,
    services,
    volumes: readSection(docs, 'volumes', (...at) => readNamed(...at, stack)),
    secrets: readSection(docs, 'secrets', (...at) => readSecret(...at, stack, base)),
    configs: readSection(docs, 'configs', (...at) => readConfig(...at, stack, base)),
    networks,
  }
  checkReferences(docs, view)
  return view
}

async function readText(dir: string, file: string, listed: boolean): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const name = relative(dir, file)
    const lastSeen = messageOf(cause)
    const { code } = cause as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'ENOTDIR') {
      throw new ComposeError({ file: name, happened: 'cannot be read.', lastSeen, cause })
    }
    const happened = listed ? 'is listed in COMPOSE_FILE and is not there.' : 'is not there.'
    throw new MissingComposeFileError({ file: name, happened, lastSeen, todo: await whatIsThere(dir, name), cause })
  }
}

async function whatIsThere(dir: string, wanted: string): Promise<string> {
  const there: string[] = []
  for await (const found of glob(['compose*.{yml,yaml}', '*/compose*.{yml,yaml}'], { cwd: dir })) there.push(found)
  if (there.length === 0) {
    return 'There is no compose file at all. Is what is checked out broken? A published version is run with --ref <version>.'
  }
  const [close] = nearest(wanted, there)
  return `There are: ${there.sort().join(', ')}.${close ? ` The nearest: ${close}.` : ''}`
}

/** docker/cli refuses files of different versions, one without a version among them. */
function oneVersion(docs: ComposeDocument[]): string | undefined {
  const [first, ...others] = docs.map((doc) => ({
    doc,
    version: doc.data.version === undefined ? undefined : String(doc.data.version),
  }))
  for (const { doc, version } of others) {
    if (version === first?.version) continue
    const says = (text: string | undefined): string => (text === undefined ? 'none' : `"${text}"`)
    throw doc.fault(['version'], `is ${says(version)}, while ${first?.doc.file} has ${says(first?.version)}.`, {
      todo: 'Docker merges only files of the same version.',
    })
  }
  return first?.version
}

function readServices(docs: ComposeDocument[], base: string): Record<string, ServiceSpec> {
  const parts = new Map<string, ServicePart>()
  for (const doc of docs) {
    for (const name of Object.keys(doc.section(doc.data.services, ['services']))) {
      const part = readService(doc, name, base)
      const earlier = parts.get(name)
      parts.set(name, earlier ? mergeService(earlier, part) : part)
    }
  }
  const [first] = docs
  if (parts.size === 0) throw first?.fault(['services'], 'are missing: there is nothing to deploy.')
  if (!parts.has('app')) {
    throw first?.fault(['services'], 'have none named "app", which abra needs (R009).', {
      lastSeen: `services: ${[...parts.keys()].join(', ')}`,
      todo: 'Name the service that serves the app "app".',
    })
  }
  return Object.fromEntries([...parts].map(([name, part]) => [name, specOf(docs, name, part)]))
}

function specOf(docs: ComposeDocument[], name: string, part: ServicePart): ServiceSpec {
  const { image, healthcheckTest, healthcheckDisabled, ...rest } = part
  if (image === undefined) throw where(docs, ['services', name]).fault(['services', name], 'has no image (R011).')
  return {
    ...rest,
    name,
    image,
    networks: part.networks.length > 0 ? part.networks : ['default'],
    mode: part.mode ?? 'replicated',
    replicas: part.replicas ?? 1,
    hasHealthcheck: healthcheckTest !== undefined && healthcheckTest[0] !== 'NONE' && !healthcheckDisabled,
  }
}

/** The last file that says something at a path: the one to blame. */
function where(docs: ComposeDocument[], path: Path): ComposeDocument {
  const doc = docs.findLast((each) => each.has(path)) ?? docs[0]
  if (!doc) throw new TypeError('There is no compose file.')
  return doc
}

function checkReferences(docs: ComposeDocument[], view: ComposeView): void {
  for (const { name, ...service } of Object.values(view.services)) {
    const named = service.volumes.filter((mount) => mount.type === 'volume' && mount.source !== '')
    const used = { ...service, volumes: named.map((mount) => mount.source) }
    for (const kind of ['volumes', 'secrets', 'configs', 'networks'] as const) {
      const missing = used[kind].find((key) => !Object.hasOwn(view[kind], key))
      if (missing === undefined) continue
      const path = ['services', name, kind]
      const [close] = nearest(missing, Object.keys(view[kind]))
      throw where(docs, path).fault(path, `name "${missing}", which the top-level "${kind}:" do not have.`, {
        todo: close ? `The nearest: ${close}.` : `Add it under "${kind}:".`,
      })
    }
  }
}
