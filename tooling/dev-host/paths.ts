import { join } from 'node:path'
import { UsageError } from '@cc-ci/harness'

/** Where the dev host keeps its things, all under one folder of the state directory. */
export interface DevHostPaths {
  root: string
  /** The private authority and the wildcard certificate, with their keys. */
  tls: string
  /** What the proxy container sees: its configuration, its certificate, the router's socket. */
  proxy: string
  routerSocket: string
  routerPid: string
  routerLog: string
  engineLog: string
  /** One git repository per sample recipe. */
  recipes: string
  /** Scratch space for image builds. */
  build: string
}

/** The state directory's path is too long for a unix socket in it. */
export class StatePathTooLongError extends UsageError {}

/** `sun_path` in unix(7), without its closing zero. */
const LONGEST_SOCKET_PATH = 107

/** @throws {StatePathTooLongError} */
export function devHostPaths(stateDir: string): DevHostPaths {
  const root = join(stateDir, 'dev-host')
  const proxy = join(root, 'proxy')
  const routerSocket = join(proxy, 'router.sock')
  if (Buffer.byteLength(routerSocket) > LONGEST_SOCKET_PATH) {
    throw new StatePathTooLongError({
      happened: `The state directory's path is too long: ${stateDir}`,
      lastSeen: `a unix socket's path has at most ${LONGEST_SOCKET_PATH} bytes, and the proxy's would be ${routerSocket}`,
      todo: 'Set CCCI_STATE_DIR to a shorter path.',
    })
  }
  return {
    root,
    tls: join(root, 'tls'),
    proxy,
    routerSocket,
    routerPid: join(root, 'router.pid'),
    routerLog: join(root, 'router.log'),
    engineLog: join(root, 'dockerd.log'),
    recipes: join(root, 'recipes'),
    build: join(root, 'build'),
  }
}
