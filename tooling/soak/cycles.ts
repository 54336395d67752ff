import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectSwarm, loadSettings, parseRecipeOptions, Session } from '@cc-ci/harness'
import { smallNetwork } from './addresses.ts'
import { type Figures, figures, grown } from './figures.ts'

/** Cycles before the first count: pools fill, code is compiled, the heap takes its working size. */
const WARM_UP = 24

/**
 * Deploys custom-html and removes it again and again, each time as a session of its own, and counts what is there before,
 * on the way and after it. Each app stands on a small network beside `proxy`; of its addresses none may be lost.
 *
 * @returns whether nothing has grown.
 */
export async function soakCycles(cycles: number, sideBySide: number): Promise<boolean> {
  process.env.CCCI_CAPACITY = String(sideBySide)
  const settings = await loadSettings()
  const docker = await connectSwarm(settings.dockerHost)
  const folder = await mkdtemp(join(tmpdir(), 'cc-ci-soak-'))
  const network = await smallNetwork(docker, settings.helperImage)
  try {
    const overlay = join(folder, 'overlay.yml')
    await writeFile(overlay, compose(network.name))
    const options = parseRecipeOptions({ overlay }, join(folder, 'recipe.ts'))
    const deploy = async (number: number) => {
      const runId = `soak-${process.pid}-${Date.now()}-${number}`
      const runDir = join(folder, 'runs', runId)
      const pr = `soak-${number % sideBySide}`
      await using session = await Session.open({
        runId,
        runDir,
        recipe: 'custom-html',
        pr,
        stages: ['install'],
        options,
      })
      await session.deployed()
      await session.close()
      await rm(runDir, { recursive: true, force: true })
    }
    const deploySome = async (count: number) => {
      for (let done = 0; done < count; done += sideBySide) {
        await Promise.all(Array.from({ length: Math.min(sideBySide, count - done) }, (_, index) => deploy(index)))
      }
    }
    await deploySome(WARM_UP)
    const free = await network.free()
    const before = await figures(docker)
    tell(`${sideBySide} at a time, before`, before, free)
    const started = performance.now()
    for (let done = 0; done < cycles; ) {
      const some = Math.min(Math.max(sideBySide, Math.ceil(cycles / 4)), cycles - done)
      await deploySome(some)
      done += some
      tell(`${sideBySide} at a time, after ${done}`, await figures(docker))
    }
    const seconds = (performance.now() - started) / 1000
    const after = await figures(docker)
    const freeAfter = await network.free()
    tell(`${sideBySide} at a time, at the end`, after, freeAfter)
    const more = [...grown(before, after), ...(freeAfter < free ? [`addresses: ${free} → ${freeAfter} free`] : [])]
    console.log(`${cycles} cycles, ${sideBySide} at a time: ${(seconds / cycles).toFixed(2)} s each; ${grewOf(more)}`)
    return more.length === 0
  } finally {
    await network.remove()
    await rm(folder, { recursive: true, force: true })
  }
}

const grewOf = (more: string[]): string => (more.length === 0 ? 'nothing has grown' : `GROWN: ${more.join(', ')}`)

const compose = (network: string): string => `
version: "3.8"
services:
  app:
    networks: [soak]
networks:
  soak:
    external: true
    name: ${network}
`

function tell(when: string, counted: Figures, free?: number): void {
  const text = Object.entries(counted).map(([key, value]) => `${key} ${value}`)
  console.log(`${when}: ${[...text, ...(free === undefined ? [] : [`free addresses ${free}`])].join(', ')}`)
}
