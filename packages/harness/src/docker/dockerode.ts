import { createRequire } from 'node:module'
import type Docker from 'dockerode'

const own = createRequire(import.meta.url)

/**
 * Loads dockerode without what nobody asks it for here: engines over SSH, and builds by BuildKit's sessions, for which it
 * brings whole libraries along. They are two thirds of the time that it takes to load, and of its memory.
 */
export function loadDockerode(): typeof Docker {
  const file = own.resolve('dockerode')
  const inside = createRequire(file)
  const left = [inside.resolve('./session'), createRequire(inside.resolve('docker-modem')).resolve('ssh2')]
  const empty = left.filter((id) => !own.cache[id])
  for (const id of empty) own.cache[id] = { id, filename: id, loaded: true, exports: {} } as NodeJS.Module
  try {
    return inside(file) as typeof Docker
  } finally {
    // Whoever else in this process asks for one of them gets the true one.
    for (const id of empty) delete own.cache[id]
  }
}
