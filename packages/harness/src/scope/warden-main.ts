import { existsSync } from 'node:fs'

// Signals to a whole session or service are for the owner; the warden goes when the owner has gone and all is undone.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

const folder = process.argv[2] ?? ''
await new Promise((resolve) => {
  for (const event of ['end', 'close', 'error']) process.stdin.on(event, resolve)
  process.stdin.resume()
})
// Loaded only now: most wardens are dismissed, and until then they should cost next to nothing.
if (existsSync(folder)) {
  const { guard } = await import('./take-over.ts')
  await guard(folder)
}
