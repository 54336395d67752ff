import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtGitea } from '../../dev-host/gitea/binary.ts'
import { Forge } from '../../dev-host/gitea/forge.ts'
import { giteaUrl } from '../../dev-host/gitea/ini.ts'
import { endGitea, freePort, prepareGitea, startGitea } from '../../dev-host/gitea/server.ts'
import type { ProcessMark } from '../../dev-host/process-mark.ts'
import { until } from '../../dev-host/until.ts'

export const ORG = 'recipes'
export const BOT = 'cc-ci'
/** Members of the organisation; the second one's membership is private. */
export const MEMBER = 'member'
export const PRIVATE_MEMBER = 'private'
export const OUTSIDER = 'outsider'
const BOT_SCOPES = ['read:organization', 'write:issue', 'write:repository']

/** A comment as a test sees it. */
export interface SeenComment {
  id: number
  body: string
  user: { login: string }
}

/**
 * A real Gitea of a test's own, on a free port of this machine, with an organisation, its members and an outsider. It needs
 * `npm run dev-host -- up --with gitea`, which builds it.
 */
export class TestGitea implements AsyncDisposable {
  readonly folder: string
  readonly forge: Forge
  readonly url: string
  readonly #port: number
  #process: ProcessMark | undefined
  /** A file with the bot's token. */
  readonly tokenFile: string

  private constructor(folder: string, port: number, token: string) {
    this.folder = folder
    this.#port = port
    this.url = giteaUrl({ folder, port })
    this.forge = new Forge(this.url, token)
    this.tokenFile = join(folder, 'bot.token')
  }

  static async start(): Promise<TestGitea> {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'ccci-gitea-')))
    const port = await freePort()
    const gitea = new TestGitea(folder, port, await prepareGitea({ folder, port }, builtGitea()))
    try {
      await gitea.up()
      await gitea.#populate()
      return gitea
    } catch (error) {
      await gitea[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Starts its process. */
  async up(): Promise<void> {
    this.#process = await startGitea({ folder: this.folder, port: this.#port }, builtGitea())
  }

  /** Ends its process; what it knows stays. */
  async down(): Promise<void> {
    if (this.#process) await endGitea(this.#process)
    this.#process = undefined
  }

  async #populate(): Promise<void> {
    const { forge } = this
    const team = await forge.organisation(ORG)
    for (const login of [MEMBER, PRIVATE_MEMBER, OUTSIDER]) await forge.user(login)
    const password = await forge.user(BOT)
    for (const login of [MEMBER, PRIVATE_MEMBER, BOT]) {
      await forge.member(ORG, team, login, { public: login === MEMBER })
    }
    writeFileSync(this.tokenFile, await forge.token(BOT, password, BOT_SCOPES), { mode: 0o600 })
  }

  /** Opens a pull request from a branch of the repository itself. @returns its number and head */
  async pullRequest(repo: string, change: { branch: string; files: Record<string, string>; from?: string }) {
    const { branch, files, from = MEMBER } = change
    const [first, ...rest] = Object.entries(files)
    if (!first) throw new Error('nothing is changed')
    let base = { branch: 'main', new_branch: branch } as Record<string, string>
    for (const [path, text] of [first, ...rest]) {
      await this.#write(from, `${ORG}/${repo}`, path, text, base)
      base = { branch }
    }
    return await this.#open(repo, from, branch)
  }

  /** Opens a pull request from a fork of somebody's own. */
  async forkedPullRequest(repo: string, change: { branch: string; files: Record<string, string>; from: string }) {
    const { branch, files, from } = change
    const forked = await this.forge.call(from, 'GET', `/repos/${from}/${repo}`).catch(() => undefined)
    if (!forked) await this.forge.call(from, 'POST', `/repos/${ORG}/${repo}/forks`, {})
    let base = { branch: 'main', new_branch: branch } as Record<string, string>
    for (const [path, text] of Object.entries(files)) {
      await this.#write(from, `${from}/${repo}`, path, text, base)
      base = { branch }
    }
    return await this.#open(repo, from, `${from}:${branch}`)
  }

  /** Adds a commit to a branch. */
  async change(repo: string, branch: string, path: string, text: string): Promise<void> {
    await this.#write(MEMBER, `${ORG}/${repo}`, path, text, { branch })
  }

  async #open(repo: string, from: string, head: string): Promise<{ number: number; sha: string }> {
    const made = await this.forge.call<{ number: number; head: { sha: string } }>(
      from,
      'POST',
      `/repos/${ORG}/${repo}/pulls`,
      { base: 'main', head, title: head },
    )
    return { number: made.number, sha: made.head.sha }
  }

  async #write(as: string, repo: string, path: string, text: string, where: Record<string, string>): Promise<void> {
    const content = Buffer.from(text).toString('base64')
    const branch = where.new_branch ?? where.branch ?? 'main'
    const there = await this.forge
      .call<{ sha: string }>(as, 'GET', `/repos/${repo}/contents/${path}?ref=${where.new_branch ? 'main' : branch}`)
      .catch(() => undefined)
    const body = { content, message: `change ${path}`, ...where, ...(there ? { sha: there.sha } : {}) }
    await this.forge.call(as, there ? 'PUT' : 'POST', `/repos/${repo}/contents/${path}`, body)
  }

  /** Comments on a pull request. @returns the comment's id */
  async comment(as: string, repo: string, pr: number, body: string): Promise<number> {
    return (await this.forge.call<{ id: number }>(as, 'POST', `/repos/${ORG}/${repo}/issues/${pr}/comments`, { body }))
      .id
  }

  async comments(repo: string, pr: number): Promise<SeenComment[]> {
    return await this.forge.call(undefined, 'GET', `/repos/${ORG}/${repo}/issues/${pr}/comments`)
  }

  /** What the bot says on a pull request. */
  async replies(repo: string, pr: number): Promise<string[]> {
    return (await this.comments(repo, pr)).filter(({ user }) => user.login === BOT).map(({ body }) => body)
  }

  /** Waits until one of the bot's comments says something, and returns it. */
  async saw(repo: string, pr: number, text: string | RegExp, deadlineMs = 30_000): Promise<string> {
    let last: string[] = []
    const found = await until(
      async () => {
        last = await this.replies(repo, pr)
        return last.find((body) => body.search(text) >= 0)
      },
      { deadlineMs, everyMs: 100 },
    )
    if (found === undefined) throw new Error(`the bot never said ${text}; it said:\n${last.join('\n\n')}`)
    return found
  }

  /** The newest status of a commit in each context. */
  async statuses(repo: string, sha: string): Promise<Record<string, string>> {
    const { statuses } = await this.forge.call<{ statuses: { context: string; status: string }[] | null }>(
      undefined,
      'GET',
      `/repos/${ORG}/${repo}/commits/${sha}/status`,
    )
    return Object.fromEntries((statuses ?? []).map(({ context, status }) => [context, status]))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
