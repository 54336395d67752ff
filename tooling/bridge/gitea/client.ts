import { messageOf } from '@cc-ci/harness'
import { z } from 'zod'
import { GiteaAwayError, GiteaRefusedError } from './errors.ts'
import {
  type Comment,
  comment,
  madeComment,
  type PullRequest,
  pullRequest,
  type StatusState,
  statusState,
  type TouchedPr,
  touchedPr,
} from './schema.ts'

/** A pull request by its place. */
export interface PrPlace {
  /** `<organisation>/<repository>` */
  repo: string
  pr: number
}

/** The pull requests that something happened to. */
export interface Touched {
  prs: TouchedPr[]
  /** Gitea's own clock when it was asked (ms). */
  at: number
  /** False: the list changed while its pages were read, so one may be missing. */
  whole: boolean
}

/** A commit's status. */
export interface CommitStatus {
  state: StatusState
  context: string
  description: string
  target_url: string
}

/** One answer, read to its end. */
interface Answer {
  status: number
  headers: Headers
  text: string
}

const TIMEOUT_MS = 15_000
const PAGE = 50

/** What the bridge asks of a Gitea. Redirects are never followed. */
export class Gitea {
  readonly #api: string
  readonly #token: string
  readonly #asked: (what: string, status: number) => void

  /** @param asked told of each answer; status 0 is none. */
  constructor(url: string, token: string, asked: (what: string, status: number) => void = () => {}) {
    this.#api = `${url}/api/v1`
    this.#token = token
    this.#asked = asked
  }

  /**
   * Open pull requests of an organisation that changed since a moment (ms), that moment's second included: one call, and
   * one more for every fifty.
   *
   * @throws {GiteaAwayError | GiteaRefusedError}
   */
  async touched(organisation: string, since: number): Promise<Touched> {
    const prs: TouchedPr[] = []
    const totals = new Set<string>()
    let at: number | undefined
    for (let page = 1; ; page += 1) {
      const query = new URLSearchParams({
        type: 'pulls',
        state: 'open',
        owner: organisation,
        since: new Date(Math.floor(since / 1000) * 1000).toISOString(),
        limit: String(PAGE),
        page: String(page),
      })
      const answer = await this.#ask('touched', 'GET', `/repos/issues/search?${query}`)
      at ??= dateOf(answer)
      totals.add(answer.headers.get('x-total-count') ?? '')
      const found = this.#read(z.array(touchedPr), answer, 'touched')
      // Another organisation's would be a fault of the server's; they are nobody's whom we could ask for members.
      prs.push(...found.filter(({ repository }) => same(repository.owner, organisation)))
      if (found.length < PAGE) return { prs, at, whole: totals.size === 1 }
    }
  }

  /** All comments of a pull request that changed since a moment (ms). @throws {GiteaAwayError | GiteaRefusedError} */
  async comments({ repo, pr }: PrPlace, since: number): Promise<Comment[]> {
    const query = new URLSearchParams({ since: new Date(Math.floor(since / 1000) * 1000).toISOString() })
    const answer = await this.#ask('comments', 'GET', `/repos/${repo}/issues/${pr}/comments?${query}`)
    return this.#read(z.array(comment), answer, 'comments')
  }

  /** A pull request as it is now. @throws {GiteaAwayError | GiteaRefusedError} */
  async pullRequest({ repo, pr }: PrPlace): Promise<PullRequest> {
    return this.#read(pullRequest, await this.#ask('pull request', 'GET', `/repos/${repo}/pulls/${pr}`), 'pull request')
  }

  /**
   * Whether an account is a member, private ones included: only 204 is a yes, 404 a no.
   *
   * @throws {GiteaRefusedError} for a redirect: the bridge's own account is no member, and would see only public ones.
   * @throws {GiteaAwayError}
   */
  async isMember(organisation: string, login: string): Promise<boolean> {
    const path = `/orgs/${encodeURIComponent(organisation)}/members/${encodeURIComponent(login)}`
    const answer = await this.#ask('member', 'GET', path, undefined, [204, 404, 303])
    if (answer.status === 303) {
      throw new GiteaRefusedError(
        303,
        `Gitea does not tell the bridge who is a member of ${organisation}.`,
        'it answers 303, as it does to accounts outside of the organisation',
        `Make the bridge's account a member of ${organisation}; a team with read access is enough.`,
      )
    }
    return answer.status === 204
  }

  /** Posts a comment and returns its id. @throws {GiteaAwayError | GiteaRefusedError} */
  async post({ repo, pr }: PrPlace, body: string): Promise<number> {
    const answer = await this.#ask('post', 'POST', `/repos/${repo}/issues/${pr}/comments`, { body }, [201])
    return this.#read(madeComment, answer, 'post').id
  }

  /** Changes a comment; false: somebody has deleted it. @throws {GiteaAwayError | GiteaRefusedError} */
  async edit(repo: string, id: number, body: string): Promise<boolean> {
    const answer = await this.#ask('edit', 'PATCH', `/repos/${repo}/issues/comments/${id}`, { body }, [200, 404])
    return answer.status === 200
  }

  /** Marks a comment with a reaction. @throws {GiteaAwayError | GiteaRefusedError} */
  async react(repo: string, id: number, content: 'eyes' | '-1'): Promise<void> {
    await this.#ask('react', 'POST', `/repos/${repo}/issues/comments/${id}/reactions`, { content }, [200, 201, 404])
  }

  /** Sets a commit's status; Gitea would take any state, so it is checked here. @throws {GiteaAwayError | GiteaRefusedError} */
  async setStatus(repo: string, sha: string, status: CommitStatus): Promise<void> {
    statusState.parse(status.state)
    await this.#ask('status', 'POST', `/repos/${repo}/statuses/${sha}`, status, [201])
  }

  async #ask(what: string, method: string, path: string, body?: unknown, good: number[] = [200]): Promise<Answer> {
    let answer: Answer
    try {
      const response = await fetch(`${this.#api}${path}`, {
        method,
        redirect: 'manual',
        headers: {
          authorization: `token ${this.#token}`,
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      answer = { status: response.status, headers: response.headers, text: await response.text() }
    } catch (error) {
      this.#asked(what, 0)
      const { cause } = error as Error
      throw new GiteaAwayError({
        happened: `Gitea does not answer (${method} ${path.split('?')[0]}).`,
        lastSeen: messageOf(cause ?? error),
        cause: error,
      })
    }
    this.#asked(what, answer.status)
    if (good.includes(answer.status)) return answer
    const lastSeen = `${answer.status} ${answer.text.slice(0, 300)}`
    if (answer.status >= 500 || answer.status === 429 || answer.status === 408) {
      throw new GiteaAwayError({ happened: `Gitea cannot answer now (${method} ${path.split('?')[0]}).`, lastSeen })
    }
    const todo =
      answer.status === 401 || answer.status === 403 ? "Check the token's scopes, and its account's rights." : undefined
    throw new GiteaRefusedError(answer.status, `Gitea refuses ${method} ${path.split('?')[0]}.`, lastSeen, todo)
  }

  #read<T>(schema: z.ZodType<T>, answer: Answer, what: string): T {
    try {
      return schema.parse(JSON.parse(answer.text))
    } catch (error) {
      // A proxy's page in place of Gitea's answer: that passes.
      throw new GiteaAwayError({
        happened: `What Gitea answers to "${what}" cannot be read.`,
        lastSeen: messageOf(error).slice(0, 300),
        cause: error,
      })
    }
  }
}

const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()

/** Gitea's own clock: what it says of times is by that one. */
function dateOf(answer: Answer): number {
  const at = Date.parse(answer.headers.get('date') ?? '')
  return Number.isNaN(at) ? Date.now() : at
}
