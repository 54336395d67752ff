import { existsSync } from 'node:fs'
import type { WardenOrder } from './warden.ts'

// Signals to a whole session or service are for the owner; the warden goes when the owner has gone and all is undone.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

const order = JSON.parse(process.argv[2] ?? '') as WardenOrder
await new Promise((resolve) => {
  for (const event of ['end', 'close', 'error']) process.stdin.on(event, resolve)
  process.stdin.resume()
})
// Loaded only now: most wardens are dismissed, and until then they should cost next to nothing.
if (existsSync(order.folder)) {
  const { takeOver } = await import('./take-over.ts')
  await takeOver(order)
}
