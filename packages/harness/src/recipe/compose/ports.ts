import { type ComposeDocument, isMapping, type Path } from './document.ts'
import { integer, list, shown } from './values.ts'

/** A port that a service publishes. */
export interface PortSpec {
  target: number
  /** `undefined` lets swarm choose one. */
  published: number | undefined
  protocol: 'tcp' | 'udp' | 'sctp'
  mode: 'ingress' | 'host'
}

interface Range {
  first: number
  last: number
}

function range(text: string): Range | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text)
  if (!match) return undefined
  const first = Number(match[1])
  const last = match[2] === undefined ? first : Number(match[2])
  return last >= first && last <= 65_535 ? { first, last } : undefined
}

const size = ({ first, last }: Range): number => last - first + 1

/** The short form, `[[address:][published:]]target[/protocol]`; swarm ignores the address. `undefined`: not one. */
export function shortPort(text: string): PortSpec[] | undefined {
  const [spec = '', protocol = 'tcp', ...rest] = text.split('/')
  // From the right: an IPv6 address has colons of its own.
  const [targets = '', published] = spec.split(':').reverse()
  const target = range(targets)
  const kind = protocol.toLowerCase()
  if (!target || rest.length > 0 || (kind !== 'tcp' && kind !== 'udp' && kind !== 'sctp')) return undefined
  const port = (at: number, from: number | undefined): PortSpec => ({
    target: at,
    published: from || undefined,
    protocol: kind,
    mode: 'ingress',
  })
  if (!published) return Array.from({ length: size(target) }, (_, index) => port(target.first + index, undefined))
  const host = range(published)
  if (!host || (size(host) !== size(target) && size(target) !== 1)) return undefined
  // Several published ports for one target: swarm gets them all.
  const step = size(target) === 1 ? 0 : 1
  return Array.from({ length: size(host) }, (_, index) => port(target.first + index * step, host.first + index))
}

/** A service's ports in short and long form, ranges expanded. */
export function readPorts(doc: ComposeDocument, value: unknown, path: Path): PortSpec[] {
  return list(doc, value, path).flatMap((entry, index) => {
    const at = [...path, index]
    if (!isMapping(entry)) {
      const ports = ['string', 'bigint'].includes(typeof entry) ? shortPort(String(entry)) : undefined
      if (ports) return ports
      throw doc.fault(at, 'is not a port such as "8080:80" or "53:53/udp".', { lastSeen: shown(entry) })
    }
    const target = integer(doc, entry.target, [...at, 'target'])
    if (target === undefined) throw doc.fault(at, 'has no target.')
    const { protocol = 'tcp', mode = 'ingress' } = entry
    if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp')
      throw doc.fault([...at, 'protocol'], 'must be tcp, udp or sctp.', { lastSeen: shown(protocol) })
    if (mode !== 'ingress' && mode !== 'host')
      throw doc.fault([...at, 'mode'], 'must be ingress or host.', { lastSeen: shown(mode) })
    return [{ target, published: integer(doc, entry.published, [...at, 'published']) || undefined, protocol, mode }]
  })
}
