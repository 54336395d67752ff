import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { killProcess, processesWith } from '@cc-ci/harness'
import { execa, type ResultPromise } from 'execa'
import { until } from '../../dev-host/until.ts'
import { BOT, ORG, type TestGitea } from './test-gitea.ts'

/** What the cheap stand-in for a run wrote down. */
export interface Begun {
  id: string
  recipe: string
  ref: string
  pr: string
  quick: string
  sources: string
}

const CLI = join(import.meta.dirname, '../../cli/main.ts')

/** Runs that cost next to nothing. */
export const CHEAP = [process.execPath, join(import.meta.dirname, 'cheap-run.ts')]

/** A state directory of a test's own, and `cc-ci serve` on it as a process that can be killed. */
export class TestBridge implements AsyncDisposable {
  readonly stateDir: string
  readonly config: string
  readonly #env: NodeJS.ProcessEnv
  #child: ResultPromise | undefined
  #ended = false
  /** Where in the log the process that was launched last begins. */
  #launchedAt = 0
  /** All that the processes said. */
  log = ''
  port = 0

  constructor(gitea: Pick<TestGitea, 'url' | 'tokenFile'>, config: object = {}, env: NodeJS.ProcessEnv = {}) {
    this.stateDir = realpathSync(mkdtempSync(join(tmpdir(), 'ccci-bridge-')))
    this.config = join(this.stateDir, 'serve.json')
    this.#env = env
    writeFileSync(
      this.config,
      JSON.stringify({
        listen: { port: 0 },
        publicUrl: 'http://ci.example',
        watchSeconds: 0.2,
        executor: { kind: 'local', command: CHEAP },
        ...config,
        gitea: {
          url: gitea.url,
          bot: BOT,
          tokenFile: gitea.tokenFile,
          organisations: [ORG],
          pollSeconds: 0.3,
          ...(config as { gitea?: object }).gitea,
        },
      }),
    )
  }

  /** Starts it, and waits until it serves. */
  async start(): Promise<void> {
    this.launch()
    await this.said(/"event":"serving".*"port":(\d+)/)
    this.port = Number(/.*"event":"serving".*"port":(\d+)/s.exec(this.log)?.[1])
  }

  /** Starts it, and does not wait. */
  launch(): void {
    this.#child = execa(process.execPath, [CLI, 'serve', '--config', this.config], {
      env: { CCCI_STATE_DIR: this.stateDir, CCCI_RUN_ID: undefined, CCCI_RECIPE: undefined, ...this.#env },
      all: true,
      reject: false,
      stdin: 'ignore',
    })
    this.#ended = false
    this.#launchedAt = this.log.length
    void this.#child.then(() => {
      this.#ended = true
    })
    this.#child.all?.on('data', (chunk) => {
      this.log += chunk
    })
  }

  /** Waits until it says something. */
  async said(text: RegExp | string, deadlineMs = 20_000): Promise<void> {
    const found = await until(
      () => this.log.search(text) >= 0 || (this.#ended && Promise.reject(new Error(`it ended:\n${this.log}`))),
      { deadlineMs, everyMs: 20 },
    )
    if (!found) throw new Error(`it never said ${text}; it said:\n${this.log}`)
  }

  /** Resolves when the process that was launched last has said something, or has ended. */
  saysNext(text: string): Promise<void> {
    const child = this.#child
    const from = this.#launchedAt
    return new Promise((resolve) => {
      const look = () => {
        if (this.log.includes(text, from)) resolve()
      }
      child?.all?.on('data', look)
      void child?.then(() => resolve())
      look()
    })
  }

  /** Resolves when it says something once more than it has by now. */
  saysAgain(text: string): Promise<void> {
    const count = () => this.log.split(text).length
    const before = count()
    return new Promise((resolve) => {
      const look = () => {
        if (count() === before) return
        this.#child?.all?.off('data', look)
        resolve()
      }
      this.#child?.all?.on('data', look)
    })
  }

  /** Waits until the process that was launched last has ended by itself. */
  async exitCode(): Promise<number | undefined> {
    return (await this.#child)?.exitCode
  }

  async kill(signal: NodeJS.Signals): Promise<number | undefined> {
    const child = this.#child
    this.#child = undefined
    child?.kill(signal)
    return (await child)?.exitCode
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** The runs that were really begun. */
  begun(): Begun[] {
    const file = join(this.stateDir, 'begun.log')
    if (!existsSync(file)) return []
    return readFileSync(file, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Begun)
  }

  /** Waits until so many runs were begun. */
  async saw(count: number, deadlineMs = 20_000): Promise<Begun[]> {
    const found = await until(() => this.begun().length >= count && this.begun(), { deadlineMs, everyMs: 20 })
    if (!found) throw new Error(`${this.begun().length} of ${count} runs were begun:\n${this.log}`)
    return found
  }

  /** Sets a mark that the cheap runs heed (`hold`, `red`, `deaf`, `no-record`), or takes it away. */
  mark(name: string, there: boolean): void {
    if (there) writeFileSync(join(this.stateDir, name), '')
    else rmSync(join(this.stateDir, name), { force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill('SIGKILL')
    // Runs outlive their bridge on purpose.
    for (const { pid } of processesWith('CCCI_STATE_DIR', this.stateDir)) killProcess(pid)
    await until(() => processesWith('CCCI_STATE_DIR', this.stateDir).length === 0, { deadlineMs: 5_000 })
    rmSync(this.stateDir, { recursive: true, force: true })
  }
}
