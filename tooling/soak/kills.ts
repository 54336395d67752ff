import { existsSync, readdirSync } from 'node:fs'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import {
  connectSwarm,
  describeResidue,
  hostFile,
  isRunning,
  killProcess,
  listRecords,
  loadSettings,
  processesWith,
  RUN_LABEL,
  residueOf,
  runDomain,
  scopesDir,
  stackName,
} from '@cc-ci/harness'
import { execa } from 'execa'

const CLI = join(import.meta.dirname, '../cli/main.ts')

/** A full run takes about this long here (ms); some are killed only after their end. */
const RUN_MS = 18_000

/** What must be gone is gone by then (ms). */
const GONE_MS = 30_000

const LOOK_AGAIN_MS = 200

/** Who is killed: some or all of the processes of a run, by what their command line says. */
const VICTIMS: [name: string, pattern: RegExp][] = [
  ['main', /vitest\.mjs run/],
  ['the worker', /workers\/forks\.js/],
  ['cc-ci, main and worker', /cli\/main\.ts run|vitest\.mjs run|workers\/forks\.js/],
  ['cc-ci', /cli\/main\.ts run/],
]

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

interface Killed {
  /** Milliseconds until nothing was left. */
  goneMs: number | undefined
  left: string[]
  verdict: string
}

/**
 * Kills runs of custom-html by SIGKILL, each at a random instant and in a random part, two at a time, and looks whether
 * anything of them is left 30 s later.
 *
 * @returns whether all were gone, and none called itself green after it had been killed.
 */
export async function soakKills(kills: number, seed: number): Promise<boolean> {
  const next = random(seed)
  const plan = Array.from({ length: kills }, (_, number) => {
    const [victim, pattern] = VICTIMS[Math.floor(next() * VICTIMS.length)] ?? ['', /^$/]
    return { number, afterMs: Math.round(next() * RUN_MS), victim, pattern }
  })
  console.log(`${kills} runs killed at random instants (seed ${seed})`)
  const results: Killed[] = []
  const worker = async () => {
    for (let one = plan.shift(); one; one = plan.shift()) {
      const result = await killOne(one.number, one.afterMs, one.pattern)
      results.push(result)
      const gone = result.goneMs === undefined ? `LEFT: ${result.left.join(', ')}` : `gone after ${result.goneMs} ms`
      console.log(`${one.number + 1}: ${one.victim} killed after ${one.afterMs} ms: ${gone}; ${result.verdict}`)
    }
  }
  await Promise.all([worker(), worker()])
  const gone = results.flatMap(({ goneMs }) => goneMs ?? [])
  const bad = results.length - gone.length
  console.log(`${results.length} killed: ${bad} left something; the longest was gone after ${Math.max(0, ...gone)} ms`)
  return bad === 0
}

async function killOne(number: number, afterMs: number, victim: RegExp): Promise<Killed> {
  const own = await loadSettings()
  const stateDir = await mkdtemp(join(tmpdir(), 'cc-ci-soak-'))
  try {
    await copyFile(hostFile(own.stateDir), hostFile(stateDir))
    const pr = String(900_000 + number)
    const env = { CCCI_STATE_DIR: stateDir, CCCI_CAPACITY: '8' }
    const child = execa(process.execPath, [CLI, 'run', 'custom-html', '--pr', pr], {
      env,
      reject: false,
      stdio: 'ignore',
      detached: true,
    })
    await Promise.race([child, pause(afterMs)])
    const processes = () => processesWith('CCCI_STATE_DIR', stateDir).filter(({ command }) => command)
    const hit = processes().filter(({ command }) => victim.test(command))
    for (const { pid } of hit) killProcess(pid)
    const stack = stackName(runDomain({ recipe: 'custom-html', pr, ref: undefined }, own.baseDomain))
    const docker = await connectSwarm(own.dockerHost)
    const started = performance.now()
    let left: string[] = []
    while (performance.now() - started < GONE_MS) {
      left = await leftOf(docker, stack, stateDir)
      // A run that was not hit (it had ended, or not begun) goes on to its own end.
      if (left.length === 0) break
      await pause(LOOK_AGAIN_MS)
    }
    const [record] = listRecords(stateDir)
    const verdict = !record ? 'no record' : (record.verdict ?? (isRunning(record) ? 'running' : 'interrupted'))
    const goneMs = left.length === 0 ? Math.round(performance.now() - started) : undefined
    for (const { pid } of processes()) killProcess(pid)
    await child
    return { goneMs, left, verdict: hit.length === 0 ? `${verdict} (had ended)` : verdict }
  } finally {
    await rm(stateDir, { recursive: true, force: true })
  }
}

async function leftOf(docker: Awaited<ReturnType<typeof connectSwarm>>, stack: string, stateDir: string) {
  const runs = existsSync(join(stateDir, 'runs')) ? readdirSync(join(stateDir, 'runs')) : []
  const labelled = await Promise.all(
    runs.map(async (id) => {
      const label = [`${RUN_LABEL}=${id}`]
      const containers = await docker.listContainers({ all: true, filters: { label } })
      const { Volumes } = await docker.listVolumes({ filters: JSON.stringify({ label }) })
      return [...containers.map(({ Id }) => `container ${Id}`), ...(Volumes ?? []).map(({ Name }) => `volume ${Name}`)]
    }),
  )
  const scopes = existsSync(scopesDir(stateDir)) ? readdirSync(scopesDir(stateDir)) : []
  return [
    ...describeResidue(await residueOf(docker, stack)),
    ...labelled.flat(),
    ...scopes.map((name) => `scope ${name}`),
    ...processesWith('CCCI_STATE_DIR', stateDir)
      .filter(({ command }) => command)
      .map(({ pid, command }) => `process ${pid} ${command}`),
  ]
}
