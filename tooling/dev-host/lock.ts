import { createHash } from 'node:crypto'
import { connect, createServer, type Socket } from 'node:net'

type Release = () => Promise<void>

/**
 * Runs `work` while no other process does so under the same name. The lock is an abstract unix socket: the kernel takes
 * it back when its holder dies, so it cannot go stale.
 */
export async function withLock<T>(name: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  const address = `\0cc-ci-${createHash('sha256').update(name).digest('hex').slice(0, 24)}`
  let release = await take(address)
  if (!release) onWait()
  while (!release) {
    await released(address)
    release = await take(address)
  }
  try {
    return await work()
  } finally {
    await release()
  }
}

/** Takes the lock, or returns nothing when another has it. */
async function take(address: string): Promise<Release | undefined> {
  const waiting = new Set<Socket>()
  const server = createServer((socket) => {
    waiting.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => waiting.delete(socket))
  })
  const taken = await new Promise<boolean>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
    )
    server.listen(address, () => resolve(true))
  })
  if (!taken) return undefined
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve())
      for (const socket of waiting) socket.destroy()
    })
}

/** Resolves when the present holder lets go or dies: the connection to it ends. */
function released(address: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(address)
    socket.on('error', () => resolve())
    socket.on('close', () => resolve())
    socket.resume()
  })
}
