import { randomInt } from 'node:crypto'
import { copyFileSync, existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  connectSwarm,
  describeResidue,
  hostFile,
  isLeaseHeld,
  leaseFolder,
  loadSettings,
  type RunRecord,
  readRecord,
  residueOf,
  runDomain,
  type Settings,
  stackName,
} from '@cc-ci/harness'
import type Docker from 'dockerode'
import { execa } from 'execa'

/** How a call of the command line ended. */
export interface CliEnd {
  exitCode: number | undefined
  /** All that a person saw, in its order. */
  all: string
  /** The run's folder and record, where the command told of a report. */
  folder: string | undefined
  record: RunRecord | undefined
}

/** A call of the command line that goes on. */
export interface CliCall {
  /** Resolves when this text was seen; rejects when the call ended without it. */
  saw(text: string | RegExp): Promise<void>
  kill(signal: NodeJS.Signals): void
  end: Promise<CliEnd>
}

export interface CliOptions {
  env?: Record<string, string>
  /** A program, with its arguments, that starts the command line instead of this process. */
  through?: string[]
}

/** A recipe's run under a name that nobody else uses. */
export interface Subject {
  pr: string
  domain: string
  stack: string
}

/**
 * The dev host as it stands, with a state directory of a test's own: records, leases and scopes of its runs are nobody
 * else's.
 */
export class TestHost implements Disposable {
  readonly stateDir: string
  readonly settings: Settings
  readonly docker: Docker

  private constructor(stateDir: string, settings: Settings, docker: Docker) {
    this.stateDir = stateDir
    this.settings = settings
    this.docker = docker
  }

  static async open(): Promise<TestHost> {
    const { stateDir: own } = await loadSettings()
    const stateDir = realpathSync(mkdtempSync(join(tmpdir(), 'ccci-run-')))
    if (existsSync(hostFile(own))) copyFileSync(hostFile(own), hostFile(stateDir))
    const settings = await loadSettings({ env: { ...process.env, CCCI_STATE_DIR: stateDir } })
    return new TestHost(stateDir, settings, await connectSwarm(settings.dockerHost))
  }

  subject(recipe: string, ref?: string): Subject {
    const pr = String(randomInt(100_000, 1_000_000))
    const domain = runDomain({ recipe, pr, ref }, this.settings.baseDomain)
    return { pr, domain, stack: stackName(domain) }
  }

  /** Starts `cc-ci` with arguments. */
  start(args: string[], options: CliOptions = {}): CliCall {
    const command = [process.execPath, join(import.meta.dirname, 'main.ts'), ...args]
    const [file = '', ...rest] = [...(options.through ?? []), ...command]
    const child = execa(file, rest, {
      env: { ...OF_A_RUN, CCCI_STATE_DIR: this.stateDir, NO_COLOR: '1', FORCE_COLOR: undefined, ...options.env },
      all: true,
      reject: false,
      stdin: 'ignore',
    })
    let seen = ''
    child.all.on('data', (chunk) => {
      seen += chunk
    })
    return {
      saw: (text) =>
        new Promise<void>((resolve, reject) => {
          const look = () => {
            if (seen.search(text) >= 0) resolve()
          }
          child.all.on('data', look)
          child.all.on('end', () => reject(new Error(`${text} was never said:\n${seen}`)))
          look()
        }),
      kill: (signal) => child.kill(signal),
      end: child.then(({ exitCode, all }) => {
        const report = /report: (.*run\.json)/.exec(all)?.[1]
        const folder = report && dirname(report)
        return { exitCode, all, folder, record: folder ? readRecord(folder) : undefined }
      }),
    }
  }

  cli(args: string[], options: CliOptions = {}): Promise<CliEnd> {
    return this.start(args, options).end
  }

  /** What is left of a run: in Docker, by its stack and by its id, and of its scope and lease on disk. */
  async leftOf({ stack }: Subject, runId: string): Promise<string[]> {
    const named = (folder: string) =>
      existsSync(join(this.stateDir, folder)) ? readdirSync(join(this.stateDir, folder)) : []
    const labelled = { all: true, filters: { label: [`cc-ci.run=${runId}`] } }
    const [residue, containers, volumes] = await Promise.all([
      residueOf(this.docker, stack),
      this.docker.listContainers(labelled),
      this.docker.listVolumes(),
    ])
    return [
      ...describeResidue(residue),
      ...containers.map(({ Id }) => `container ${Id}`),
      ...volumes.Volumes.map(({ Name }) => Name).filter((name) => name.includes(runId)),
      ...named('scopes').filter((name) => name === runId),
      ...(isLeaseHeld(await leaseFolder(this.docker, this.settings), stack) ? [`lease ${stack}`] : []),
    ]
  }

  [Symbol.dispose](): void {
    rmSync(this.stateDir, { recursive: true, force: true })
  }
}

/** What says which run to make: it must not come from whoever runs the tests. */
const OF_A_RUN = Object.fromEntries(
  ['RUN_ID', 'RECIPE', 'REF', 'PR', 'STAGES', 'PLAN', 'QUICK'].map((name) => [`CCCI_${name}`, undefined]),
)

/** The first error of a run as it is told, without what is another each time. */
export function errorOf({ record }: CliEnd): string {
  const error = record?.stages.flatMap((stage) => stage.tests).find((test) => test.error)?.error
  if (!error) return ''
  const told = `${error.name}: ${error.message}`
  return told.replaceAll(record?.stack ?? '<stack>', '<stack>').replaceAll(record?.domain ?? '<domain>', '<domain>')
}
