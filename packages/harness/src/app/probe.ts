import { type AppHttp, type HttpAnswer, HttpError } from './http.ts'

/** What one look at the app over HTTP showed. */
export interface Probe {
  /** Milliseconds since 1970. */
  at: number
  kind: 'ready' | 'wrong-status' | 'gateway' | 'no-route' | 'certificate' | 'no-answer' | 'not-ready'
  /** In words: `502 from https://… ("Bad Gateway")`. */
  text: string
}

/**
 * Is this answer the reverse proxy's own word that it has no route for the domain? Traefik says 404 with this plain text;
 * the dev host's proxy does the same.
 */
export function isProxyNotFound(answer: HttpAnswer): boolean {
  return answer.status === 404 && answer.text() === '404 page not found\n'
}

/**
 * Looks once whether the app answers at `path` with one of `statuses`. The proxy's own 404 and a certificate that is not
 * good for the domain never count as ready, whatever statuses are accepted.
 */
export async function probe(
  http: AppHttp,
  path: string,
  statuses: readonly number[],
  signal?: AbortSignal,
  timeoutMs = 10_000,
): Promise<Probe> {
  const at = Date.now()
  try {
    const answer = await http.get(path, { timeoutMs, ...(signal ? { signal } : {}) })
    if (isProxyNotFound(answer))
      return { at, kind: 'no-route', text: `the proxy has no route for ${answer.url} yet (its own 404)` }
    const text = `${answer.status} from ${answer.url}${excerpt(answer)}`
    if (statuses.includes(answer.status)) return { at, kind: 'ready', text }
    return { at, kind: [502, 503, 504].includes(answer.status) ? 'gateway' : 'wrong-status', text }
  } catch (error) {
    if (!(error instanceof HttpError)) throw error
    return { at, kind: error.certificate ? 'certificate' : 'no-answer', text: error.told.happened }
  }
}

function excerpt(answer: HttpAnswer): string {
  const words = answer
    .text()
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 80)
  return words ? ` ("${words}")` : ''
}

/** The probes as lines, runs of the same outcome folded into one. */
export function probeHistory(probes: readonly Probe[]): string {
  const lines: { from: number; count: number; text: string }[] = []
  for (const { at, text } of probes) {
    const last = lines.at(-1)
    if (last?.text === text) last.count += 1
    else lines.push({ from: at, count: 1, text })
  }
  return lines.map((line) => `${new Date(line.from).toISOString()}  ${line.count}×  ${line.text}`).join('\n')
}
