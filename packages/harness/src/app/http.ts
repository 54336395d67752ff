import { readFileSync } from 'node:fs'
import { rootCertificates } from 'node:tls'
import { Agent, buildConnector, request } from 'undici'
import { CcciError, messageOf } from '../errors.ts'

/** The app's answer, read whole. */
export interface HttpAnswer {
  url: string
  status: number
  headers: Record<string, string>
  body: Buffer
  text(): string
  /** @throws {SyntaxError} when the body is not JSON. */
  json(): unknown
}

export interface HttpRequest {
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  headers?: Record<string, string>
  /** Text or bytes are sent as they are; anything else as JSON. */
  body?: string | Buffer | object
  /** Milliseconds for the whole exchange. Default: 30 s. */
  timeoutMs?: number
  signal?: AbortSignal
}

/** The exchange failed before there was an answer. */
export class HttpError extends CcciError {
  /** The system's or OpenSSL's code, such as ECONNREFUSED or CERT_HAS_EXPIRED. */
  readonly code: string
  /** True when the certificate shown is not one for this domain: the proxy's default one, or an unknown authority's. */
  readonly certificate: boolean

  constructor(url: string, error: unknown) {
    const code = codeOf(error)
    const certificate = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/.test(code)
    super({
      happened: certificate
        ? `${url} shows a certificate that is not good for it (${code}).`
        : `${url} gave no answer (${code || messageOf(error)}).`,
      lastSeen: messageOf(error),
      cause: error,
    })
    this.code = code
    this.certificate = certificate
  }
}

function codeOf(error: unknown): string {
  const { code, name, cause } = error as { code?: unknown; name?: string; cause?: unknown }
  if (name === 'TimeoutError') return 'ETIMEDOUT'
  if (typeof code === 'string') return code
  return cause ? codeOf(cause) : ''
}

/** How apps are reached from here. */
export interface AppReach {
  /** Where the reverse proxy listens (`host:port`), when the domain has no DNS record. */
  proxyAddress?: string | undefined
  /** An authority to trust beside the system's, as a PEM file. */
  caFile?: string | undefined
}

export interface HttpClientOptions extends AppReach {
  /** `https://<domain>` that relative paths start from. */
  origin: string
}

/** Connects to apps at their canonical URLs, as {@link AppReach} says; whoever makes it destroys it. */
export function appAgent({ proxyAddress, caFile }: AppReach): Agent {
  const ca = caFile ? [...rootCertificates, readFileSync(caFile, 'utf8')] : undefined
  const connect = buildConnector({ ...(ca ? { ca } : {}), timeout: 10_000 })
  const [hostname, port] = splitAddress(proxyAddress)
  return new Agent({
    connect: hostname
      ? (target, callback) =>
          connect({ ...target, hostname, port, servername: target.servername ?? target.hostname }, callback)
      : connect,
  })
}

/**
 * An HTTP client for one app. URLs stay canonical (`https://<domain>/…`) although the connection may go to a proxy on
 * another address and port; the certificate is always checked. Redirects are handed back, not followed.
 */
export class AppHttp implements AsyncDisposable {
  readonly origin: string
  readonly #agent: Agent

  constructor(options: HttpClientOptions) {
    this.origin = options.origin
    this.#agent = appAgent(options)
  }

  /** GET a path of the app (or an absolute URL). @throws {HttpError} */
  get(path: string, options: Omit<HttpRequest, 'method' | 'body'> = {}): Promise<HttpAnswer> {
    return this.request(path, { ...options, method: 'GET' })
  }

  /** POST to a path of the app. @throws {HttpError} */
  post(
    path: string,
    body: NonNullable<HttpRequest['body']>,
    options: Omit<HttpRequest, 'method' | 'body'> = {},
  ): Promise<HttpAnswer> {
    return this.request(path, { ...options, method: 'POST', body })
  }

  /** Any request. @throws {HttpError} when there is no answer; a status of 400 or more is an answer. */
  async request(path: string, options: HttpRequest = {}): Promise<HttpAnswer> {
    const url = new URL(path, this.origin).href
    const clock = AbortSignal.timeout(options.timeoutMs ?? 30_000)
    const json = typeof options.body === 'object' && !Buffer.isBuffer(options.body)
    try {
      const answer = await request(url, {
        dispatcher: this.#agent,
        method: options.method ?? 'GET',
        headers: { ...(json ? { 'content-type': 'application/json' } : {}), ...options.headers },
        body: (json ? JSON.stringify(options.body) : (options.body ?? null)) as string | Buffer | null,
        signal: options.signal ? AbortSignal.any([clock, options.signal]) : clock,
      })
      const body = Buffer.from(await answer.body.arrayBuffer())
      return {
        url,
        status: answer.statusCode,
        headers: flat(answer.headers),
        body,
        text: () => body.toString('utf8'),
        json: () => JSON.parse(body.toString('utf8')) as unknown,
      }
    } catch (error) {
      options.signal?.throwIfAborted()
      throw new HttpError(url, error)
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

function splitAddress(address: string | undefined): [string | undefined, string] {
  const at = address?.lastIndexOf(':') ?? -1
  return address === undefined || at < 0 ? [undefined, ''] : [address.slice(0, at), address.slice(at + 1)]
}

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  )
}
