import type { MiddlewareHandler } from 'hono'

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** Whether only programs of this machine can reach an address that is listened on. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host) || host === '::1'

const nameOf = (address: string): string | undefined => (URL.canParse(address) ? new URL(address).hostname : undefined)

/**
 * Refuses requests that were sent to another name than this machine's own or the public one: a page of somebody else's, whose
 * name was made to lead here, would read what only this machine may.
 */
export function onlyHere(publicUrl: string | undefined): MiddlewareHandler {
  const known = publicUrl === undefined ? undefined : nameOf(publicUrl)
  return async (context, next) => {
    const name = nameOf(`http://${context.req.header('host') ?? ''}`)
    if (name !== undefined && (LOOPBACK.test(name) || name === known)) return await next()
    return context.text('This dashboard answers only by the name of its own machine, or by its public address.\n', 421)
  }
}
