/** One way in: any of the hosts, and any of the paths if there are some. */
export interface Way {
  hosts: string[]
  /** Exact paths. */
  paths: string[]
  prefixes: string[]
}

/** A rule that uses something this proxy does not know. */
export class RuleError extends Error {}

type Node = { and: Node[] } | { or: Node[] } | { matcher: 'Host' | 'Path' | 'PathPrefix'; values: string[] }

const TOKEN = /\s*(?:(&&|\|\||[(),!])|(`[^`]*`|"[^"]*")|([A-Za-z]\w*))/y

function tokensOf(rule: string): string[] {
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < rule.trimEnd().length) {
    const at = TOKEN.lastIndex
    const match = TOKEN.exec(rule)
    if (!match) throw new RuleError(`"${rule.slice(at).trim()}" is not understood`)
    tokens.push(match[1] ?? match[2] ?? match[3] ?? '')
  }
  return tokens
}

/**
 * Reads a Traefik router rule: `Host`, `Path` and `PathPrefix`, joined by `&&`, `||` and brackets; several arguments are
 * alternatives. Returns its ways in, of which any one suffices.
 *
 * @throws {RuleError}
 */
export function parseRule(rule: string): Way[] {
  const tokens = tokensOf(rule)
  let at = 0
  const next = (): string => tokens[at++] ?? ''
  const take = (wanted: string): void => {
    const token = next()
    if (token !== wanted) throw new RuleError(`"${wanted}" was expected ${token ? `before "${token}"` : 'at the end'}`)
  }
  const joined = (operator: '&&' | '||', part: () => Node): Node[] => {
    const parts = [part()]
    while (tokens[at] === operator) {
      at += 1
      parts.push(part())
    }
    return parts
  }
  const or = (): Node => ({ or: joined('||', and) })
  const and = (): Node => ({ and: joined('&&', term) })
  function term(): Node {
    const name = next()
    if (name === '(') {
      const inner = or()
      take(')')
      return inner
    }
    if (name !== 'Host' && name !== 'Path' && name !== 'PathPrefix') {
      throw new RuleError(name ? `"${name}" is not supported (Host, Path and PathPrefix are)` : 'it ends too early')
    }
    take('(')
    const values: string[] = []
    do values.push(next().slice(1, -1))
    while (tokens[at] === ',' && at++)
    take(')')
    return { matcher: name, values: name === 'Host' ? values.map((host) => host.toLowerCase()) : values }
  }
  const tree = or()
  if (at < tokens.length) throw new RuleError(`"${tokens.slice(at).join(' ')}" is not understood`)
  return waysThrough(tree)
}

function waysThrough(node: Node): Way[] {
  if ('or' in node) return node.or.flatMap(waysThrough)
  if ('and' in node)
    return node.and.map(waysThrough).reduce((some, more) => some.flatMap((a) => more.map((b) => both(a, b))))
  return [
    {
      hosts: node.matcher === 'Host' ? node.values : [],
      paths: node.matcher === 'Path' ? node.values : [],
      prefixes: node.matcher === 'PathPrefix' ? node.values : [],
    },
  ]
}

function both(a: Way, b: Way): Way {
  const common = (some: string[], others: string[]) =>
    some.length && others.length ? some.filter((value) => others.includes(value)) : [...some, ...others]
  const way = {
    hosts: common(a.hosts, b.hosts),
    paths: [...a.paths, ...b.paths],
    prefixes: [...a.prefixes, ...b.prefixes],
  }
  const twoPaths = (a.paths.length || a.prefixes.length) && (b.paths.length || b.prefixes.length)
  const noHost = way.hosts.length === 0 && (a.hosts.length > 0 || b.hosts.length > 0)
  if (twoPaths || noHost) throw new RuleError('two hosts or two paths at once are not supported')
  return way
}

/** Whether a request for this host and path goes this way. */
export function leads(way: Way, host: string, path: string): boolean {
  if (way.hosts.length > 0 && !way.hosts.includes(host.toLowerCase())) return false
  if (way.paths.length + way.prefixes.length === 0) return true
  return way.paths.includes(path) || way.prefixes.some((prefix) => path.startsWith(prefix))
}
