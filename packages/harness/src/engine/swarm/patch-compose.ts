import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import { interpolate } from '../../recipe/compose/interpolate.ts'
import type { PortSpec } from '../../recipe/compose/ports.ts'

/** What is changed in one service of a compose file; everything else stays as it is written. */
export interface ServicePatch {
  labels?: Record<string, string>
  environment?: Record<string, string>
  endpointMode?: string
  /** The ports in place of those written; none: take them out. */
  ports?: PortSpec[]
  /** More lines of `/etc/hosts`: `host:address`. */
  extraHosts?: string[]
  /** More configs that it mounts, readable by everybody. */
  configs?: { source: string; target: string }[]
}

/** A config beside those of the files. */
export interface ConfigPatch {
  /** Its name in swarm. */
  name: string
  /** Where its content is, absolute. */
  file: string
}

/** The version that files without one get: Docker's 20.10 client refuses them. */
const DEFAULT_VERSION = '3.8'

/**
 * Changes services in a compose file's text. Values are taken literally: a `$` in them is not interpolated. `env` is
 * what docker will interpolate with, to know a label again that is written as a template. Templates, comments, anchors and the way scalars are written stay as they are.
 *
 * A second compose file laid over the first would be shorter, but as soon as two files mention a service, docker merges
 * its ports by published number and loses those that share one (`53:53/tcp` beside `53:53/udp`).
 */
export function patchCompose(
  text: string,
  patches: Record<string, ServicePatch>,
  options: { withVersion: boolean; env: Record<string, string>; configs?: Record<string, ConfigPatch> },
): string {
  // As text all through: what YAML would read as a number or a date must come out as it went in.
  const document = parseDocument(text, { schema: 'failsafe', uniqueKeys: false })
  if (options.withVersion && isMap(document.contents)) document.set('version', quoted(DEFAULT_VERSION))
  for (const [key, config] of Object.entries(options.configs ?? {})) {
    const made = document.createNode(
      Object.fromEntries(Object.entries(config).map(([name, text]) => [name, quoted(text)])),
    )
    ownMap(document, document.contents as YAMLMap, 'configs').set(key, made)
  }
  for (const [name, patch] of Object.entries(patches)) {
    const services = ownMap(document, document.contents as YAMLMap, 'services')
    const service = ownMap(document, services, name)
    if (patch.environment) addEntries(document, service, 'environment', patch.environment, options.env)
    if (patch.ports) setPorts(document, service, patch.ports)
    if (patch.extraHosts) addHosts(document, service, patch.extraHosts)
    for (const { source, target } of patch.configs ?? []) {
      ownList(document, service, 'configs').add(document.createNode({ source: quoted(source), target: quoted(target) }))
    }
    if (!patch.labels && !patch.endpointMode) continue
    const deploy = ownMap(document, service, 'deploy')
    if (patch.labels) addEntries(document, deploy, 'labels', patch.labels, options.env)
    if (patch.endpointMode) deploy.set('endpoint_mode', quoted(patch.endpointMode))
  }
  return document.toString({ lineWidth: 0 })
}

/** A scalar that YAML and docker take as just this text. */
function quoted(value: string): Scalar {
  const scalar = new Scalar(value.replaceAll('$', '$$$$'))
  scalar.type = Scalar.QUOTE_DOUBLE
  return scalar
}

/** The value of a key as a node of this map alone: an alias or what a merge key (`<<`) brings is copied first. */
function own(document: Document, map: YAMLMap, key: string): Node | undefined {
  const written = map.get(key, true) as Node | undefined
  const found = written ?? mergedIn(document, map, key)
  if (!found || (found === written && !isAlias(found))) return found
  const copy = withoutAnchors((isAlias(found) ? found.resolve(document) : found)?.clone() as Node | undefined)
  if (copy) map.set(key, copy)
  return copy
}

function mergedIn(document: Document, map: YAMLMap, key: string): Node | undefined {
  const merge = map.get('<<', true)
  const sources = isSeq(merge) ? merge.items : merge ? [merge] : []
  for (const source of sources) {
    const from = isAlias(source) ? source.resolve(document) : source
    if (!isMap(from)) continue
    const found = (from.get(key, true) as Node | undefined) ?? mergedIn(document, from, key)
    if (found) return found
  }
  return undefined
}

/** An anchor defined twice would redirect the aliases that follow. */
function withoutAnchors(node: Node | undefined): Node | undefined {
  if (node && 'anchor' in node) delete node.anchor
  if (isMap(node)) for (const pair of node.items) withoutAnchors(pair.value as Node)
  if (isSeq(node)) for (const item of node.items) withoutAnchors(item as Node)
  return node
}

function ownMap(document: Document, map: YAMLMap, key: string): YAMLMap {
  const value = own(document, map, key)
  if (isMap(value)) return value
  const empty = document.createNode({}) as YAMLMap
  map.set(key, empty)
  return empty
}

function ownList(document: Document, map: YAMLMap, key: string): YAMLSeq {
  const value = own(document, map, key)
  if (isSeq(value)) return value
  const empty = document.createNode([]) as YAMLSeq
  map.set(key, empty)
  return empty
}

/** Hosts are a list of `host:address`, or a map. */
function addHosts(document: Document, service: YAMLMap, hosts: string[]): void {
  const value = own(document, service, 'extra_hosts')
  for (const host of hosts) {
    const at = host.indexOf(':')
    if (isMap(value)) value.set(host.slice(0, at), quoted(host.slice(at + 1)))
    else ownList(document, service, 'extra_hosts').add(quoted(host))
  }
}

/** Adds to a map, or to a list of `key=value`, whichever is written there; what is there under the same key goes. */
function addEntries(
  document: Document,
  map: YAMLMap,
  key: string,
  entries: Record<string, string>,
  env: Record<string, string>,
): void {
  const value = own(document, map, key)
  if (isSeq(value)) {
    const keyOf = (item: unknown) => (isScalar(item) ? interpolate(String(item.value), env).split('=')[0] : undefined)
    value.items = value.items.filter((item) => !((keyOf(item) ?? '') in entries))
    for (const [name, text] of Object.entries(entries)) value.add(quoted(`${name}=${text}`))
    return
  }
  const target = ownMap(document, map, key)
  for (const [name, text] of Object.entries(entries)) {
    const written = target.items.find((pair) => isScalar(pair.key) && pair.key.value === name)
    if (written) written.value = quoted(text)
    else target.add({ key: quoted(name), value: quoted(text) })
  }
}

function setPorts(document: Document, service: YAMLMap, ports: PortSpec[]): void {
  own(document, service, 'ports')
  if (ports.length === 0) {
    service.delete('ports')
    return
  }
  // Plain text: docker reads the numbers as such.
  const list = document.createNode(
    ports.map(({ target, published, protocol, mode }) => ({
      target: String(target),
      ...(published === undefined ? {} : { published: String(published) }),
      protocol,
      mode,
    })),
  )
  service.set('ports', list)
}
