import { randomBytes } from 'node:crypto'
import { CcciError, run } from '@cc-ci/harness'

/** Gitea refused what a set-up asked of it. */
class ForgeError extends CcciError {
  readonly status: number

  constructor(asked: string, status: number, answer: string) {
    super({ happened: `Gitea refused ${asked}.`, lastSeen: `${status} ${answer.slice(0, 300)}` })
    this.status = status
  }
}

type Json = Record<string, unknown>

/** A Gitea as its administrator sets it up, also in the name of others. */
export class Forge {
  readonly url: string
  readonly #token: string

  constructor(url: string, token: string) {
    this.url = url
    this.#token = token
  }

  /** A call of the API as somebody. @throws {ForgeError} */
  async call<T = Json>(as: string | undefined, method: string, path: string, body?: Json): Promise<T> {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `token ${this.#token}`,
        'content-type': 'application/json',
        ...(as === undefined ? {} : { sudo: as }),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const text = await response.text()
    if (!response.ok) throw new ForgeError(`${method} ${path}`, response.status, text)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }

  /** Makes an account. @returns its password */
  async user(login: string): Promise<string> {
    const password = randomBytes(16).toString('base64url')
    const email = `${login}@localhost.localdomain`
    await this.call(undefined, 'POST', '/admin/users', {
      username: login,
      email,
      password,
      must_change_password: false,
    })
    return password
  }

  /** Makes a token of an account. */
  async token(login: string, password: string, scopes: string[]): Promise<string> {
    const response = await fetch(`${this.url}/api/v1/users/${login}/tokens`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ name: randomBytes(4).toString('hex'), scopes }),
    })
    const text = await response.text()
    if (!response.ok) throw new ForgeError(`a token of ${login}`, response.status, text)
    return (JSON.parse(text) as { sha1: string }).sha1
  }

  /** Makes an organisation with a team of its writers. @returns the team's id */
  async organisation(name: string): Promise<number> {
    await this.call(undefined, 'POST', '/orgs', { username: name, visibility: 'public' })
    const units = ['repo.code', 'repo.issues', 'repo.pulls']
    const team = { name: 'maintainers', permission: 'write', includes_all_repositories: true, units }
    return (await this.call<{ id: number }>(undefined, 'POST', `/orgs/${name}/teams`, team)).id
  }

  /** Makes an account a member of a team's organisation; membership is private unless it is said. */
  async member(organisation: string, team: number, login: string, options: { public?: boolean } = {}): Promise<void> {
    await this.call(undefined, 'PUT', `/teams/${team}/members/${login}`)
    if (options.public) await this.call(login, 'PUT', `/orgs/${organisation}/public_members/${login}`)
  }

  /** Makes a repository of an organisation from a local one, with all its branches and tags. */
  async repository(organisation: string, name: string, from: string): Promise<void> {
    await this.call(undefined, 'POST', `/orgs/${organisation}/repos`, { name, private: false })
    const remote = `${this.url}/${organisation}/${name}.git`
    await this.git(from, 'push', '--quiet', remote, 'refs/heads/*:refs/heads/*', 'refs/tags/*:refs/tags/*')
  }

  /** Git in a folder, with the right to everything in this Gitea and without anybody's configuration. */
  async git(cwd: string, ...args: string[]): Promise<string> {
    const { stdout } = await run('git', args, {
      cwd,
      cleanEnv: true,
      env: {
        PATH: process.env.PATH,
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_CONFIG_NOSYSTEM: '1',
        // In the environment, since command lines can be read by everybody.
        GIT_CONFIG_COUNT: '2',
        GIT_CONFIG_KEY_0: `http.${this.url}/.extraHeader`,
        GIT_CONFIG_VALUE_0: `Authorization: token ${this.#token}`,
        GIT_CONFIG_KEY_1: 'safe.directory',
        GIT_CONFIG_VALUE_1: '*',
        GIT_AUTHOR_NAME: 'dev host',
        GIT_AUTHOR_EMAIL: 'dev@localhost',
        GIT_COMMITTER_NAME: 'dev host',
        GIT_COMMITTER_EMAIL: 'dev@localhost',
      },
    })
    return stdout.trim()
  }
}
