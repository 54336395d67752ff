// The command line of cc-ci as a sweep starts it: it ends in order as soon as the sweep is gone.
import { main } from '../cli/program.ts'

process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
process.channel?.unref()

const [root = '', ...args] = process.argv.slice(2)
process.exitCode = await main(args, { root })
