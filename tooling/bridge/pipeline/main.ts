import { CcciError, watchAncestors } from '@cc-ci/harness'
import { pipelineRequest } from './request.ts'

const CANCELLED = 129

// A cancelled build is told by the end of its shell alone. The runner below sees that this process is gone, and ends the run
// in order; it watches by itself, too, but not yet while it starts.
watchAncestors(() => process.exit(CANCELLED), { everyMs: 250 })
const { CCCI_STARTED_BY } = process.env
if (CCCI_STARTED_BY && CCCI_STARTED_BY !== String(process.ppid)) process.exit(CANCELLED)

// The step of .drone.yml that runs a recipe. What the bridge has sent stands in the environment.
try {
  const { args, env } = pipelineRequest(process.env)
  for (const [name, value] of Object.entries(env)) process.env[name] = value
  const { main } = await import('../../cli/program.ts')
  process.exitCode = await main(args, { root: new URL('../../..', import.meta.url).pathname.replace(/\/$/, '') })
} catch (error) {
  console.error(error instanceof CcciError ? error.message : error)
  process.exitCode = 2
}
