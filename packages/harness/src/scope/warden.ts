import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import type { Socket } from 'node:net'
import { extname, join } from 'node:path'
import { messageOf } from '../errors.ts'
import { MARK } from '../process/marked.ts'
import type { ScopeOrder } from './order.ts'

export interface Warden {
  /** The owner needs it no more: what there was to undo is undone, or is kept for a while. Idempotent. */
  dismiss(): void
}

/**
 * Starts a warden: a small process of its own session that holds a pipe from this one. When the pipe closes (the operating
 * system does that however this process ends) and the scope still owns something, the warden takes the lease and undoes
 * everything from the ledger: at once, or, when the scope is kept, at the end of that time.
 *
 * @param onFailure told when there is no warden; the run is then as safe as its own process.
 */
export function postWarden(order: ScopeOrder, onFailure: (text: string) => void): Warden {
  const program = join(import.meta.dirname, `warden-main${extname(import.meta.filename)}`)
  const log = openSync(join(order.folder, 'warden.log'), 'a')
  const warden = spawn(process.execPath, [program, order.folder], {
    detached: true,
    cwd: '/',
    // What the owner's own Node was told (to load a debugger, to keep its coverage) is not for this one, and it is none of
    // the run's programs.
    env: { ...process.env, NODE_OPTIONS: '', [MARK]: undefined },
    stdio: ['pipe', 'ignore', log],
  })
  closeSync(log)
  warden.on('error', (error) => onFailure(`no warden watches over this run: ${messageOf(error)}`))
  warden.unref()
  const pipe = warden.stdin as Socket | null
  pipe?.on('error', () => {})
  pipe?.unref()
  return { dismiss: () => pipe?.destroy() }
}
