import { connectSwarm, takeSnapshot } from '@cc-ci/harness/snapshot'

// Takes one snapshot and says how much memory that took. It is a process of its own, since that cannot be told of one that
// does other things, too.

const [dockerHost = '', helperImage = '', stateDir = '', stack = ''] = process.argv.slice(2)
const docker = await connectSwarm(dockerHost)
const target = { docker, helperImage, stateDir, recipe: 'bench', stack }
await takeSnapshot(target, { version: 'bench', commit: '', timeoutMs: 600_000 })
console.log(process.resourceUsage().maxRSS)
