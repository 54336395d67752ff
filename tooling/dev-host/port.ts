import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { UsageError } from '@cc-ci/harness'

/** The proxy's port is taken by another program. */
export class PortTakenError extends UsageError {}

/** The proxy is to listen where other machines could reach it, or nowhere at all. */
export class ProxyAddressError extends UsageError {}

/** Where the proxy listens when nothing is said. */
const DEFAULT_ADDRESS = '127.0.0.1:8443'

/**
 * The loopback address and port for the proxy.
 *
 * @throws {ProxyAddressError} for an address that is not this machine's own.
 */
export function proxyListen(proxyAddress = DEFAULT_ADDRESS): { host: string; port: number } {
  const [, name = '', digits = ''] = /^(.*):(\d+)$/.exec(proxyAddress) ?? []
  const host = name === 'localhost' ? '127.0.0.1' : name
  const port = Number(digits)
  if (/^127\.\d+\.\d+\.\d+$/.test(host) && port >= 1 && port <= 65_535) return { host, port }
  throw new ProxyAddressError({
    happened: `The dev host's proxy cannot listen on ${proxyAddress}.`,
    todo: 'It listens on loopback only: set CCCI_PROXY_ADDRESS to 127.0.0.1:<port>, or unset it for 127.0.0.1:8443.',
  })
}

/** @throws {PortTakenError} naming who has the port, as far as it can be seen. */
export async function checkPortFree(host: string, port: number): Promise<void> {
  const taken = await new Promise<boolean>((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(true) : reject(error),
    )
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(false)))
  })
  if (!taken) return
  throw new PortTakenError({
    happened: `Port ${port} of ${host}, which the dev host's proxy is to listen on, is taken.`,
    lastSeen: `held by ${holderOf(port) ?? 'a program that cannot be seen by this user'}`,
    todo: `End that program, or choose another port: CCCI_PROXY_ADDRESS=${host}:${port + 1} (it is remembered).`,
  })
}

/** Who listens on a TCP port of this machine, as "command (process 123)". */
export function holderOf(port: number): string | undefined {
  const sockets = new Set(['tcp', 'tcp6'].flatMap((table) => listenersIn(readQuietly(`/proc/net/${table}`), port)))
  if (sockets.size === 0) return undefined
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (socketsOf(pid).some((socket) => sockets.has(socket))) {
      return `${commandOf(pid)} (process ${pid})`
    }
  }
  return undefined
}

function commandOf(pid: string): string {
  const command = readQuietly(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()
  return command.length > 80 ? `${command.slice(0, 80)} …` : command
}

const LISTENING = '0A'

/** The sockets that listen on the port, from the kernel's table (proc(5), /proc/net/tcp). */
function listenersIn(table: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(`:${wanted}`) && state === LISTENING)
    .map((fields) => `socket:[${fields[9]}]`)
}

function socketsOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((descriptor) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${descriptor}`)
      } catch {
        return ''
      }
    })
  } catch {
    return []
  }
}

function readQuietly(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
