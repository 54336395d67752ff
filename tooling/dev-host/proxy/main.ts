// Runs detached: tells the dev host's proxy where each request goes. Started and ended by `dev-host up` and `down`.
import { existsSync, rmSync } from 'node:fs'
import { dockerClient } from '@cc-ci/harness'
import { RouteTeller } from './router.ts'

const [dockerHost, network, socket] = process.argv.slice(2)
if (!dockerHost || !network || !socket) {
  console.error('usage: main.ts <docker host> <proxy network> <socket>')
  process.exit(2)
}

const log = (text: string): void => console.log(`${new Date().toISOString()} ${text.replaceAll('\n', '\n  ')}`)
const teller = new RouteTeller(dockerClient(dockerHost), network, log)

// One that was killed leaves its socket; there is only ever one of us, `up` sees to that.
rmSync(socket, { force: true })
await teller.start(socket)
log(`answering on ${socket}`)

function end(why: string): void {
  log(`ended: ${why}`)
  teller.stop()
  process.exit(0)
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => end(signal))

// Someone who deletes the state directory, instead of taking the dev host down, has no other way to end this.
setInterval(() => existsSync(socket) || end('the socket is gone'), 2_000)
process.on('SIGHUP', () => {})
