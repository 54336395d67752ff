import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { messageOf } from '../errors.ts'
import { writeAtomically } from '../files/write.ts'
import { Ledger, LedgerError } from './ledger.ts'

/** All that another process must know to end a run whose own process is gone; the ledger says what there is to undo. */
const scopeOrder = z.object({
  runId: z.string(),
  /** The engine on which the run works. */
  dockerHost: z.string(),
  teardownTimeoutMs: z.number(),
  /** The lease under which the run owns what it made. */
  lease: z.object({ folder: z.string(), name: z.string() }),
  /** The run's folder, with its journal and its record. */
  runDir: z.string(),
})

export type ScopeOrder = z.infer<typeof scopeOrder> & {
  /** The scope's own folder. */
  folder: string
}

const FILE = 'scope.json'

/**
 * Makes the folder of a scope and leaves the order in it. A run may have several scopes (Playwright starts a new worker
 * after each failure), each with a folder of its own.
 *
 * @throws {LedgerError}
 */
export function placeOrder(scopes: string, order: Omit<ScopeOrder, 'folder'>): ScopeOrder {
  mkdirSync(scopes, { recursive: true })
  for (let number = 1; ; number += 1) {
    const folder = join(scopes, number === 1 ? order.runId : `${order.runId}.${number}`)
    try {
      mkdirSync(folder)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue
      throw error
    }
    try {
      writeAtomically(join(folder, FILE), `${JSON.stringify(order, null, 2)}\n`)
    } catch (error) {
      rmSync(folder, { recursive: true, force: true })
      throw new LedgerError({
        happened: `The scope of this run cannot be written down in ${folder}, so nothing is started.`,
        lastSeen: messageOf(error),
        todo: 'Free space on that disk, or point CCCI_STATE_DIR to another.',
        cause: error,
      })
    }
    return { ...order, folder }
  }
}

/** The order in a scope's folder; `undefined` when there is none that can be read. */
export function readOrder(folder: string): ScopeOrder | undefined {
  try {
    return { ...scopeOrder.parse(JSON.parse(readFileSync(join(folder, FILE), 'utf8'))), folder }
  } catch {
    return undefined
  }
}

/** The lease under which a scope's things are owned: by its order, else by the stack in its ledger, else by its own name. */
export function leaseNameOf(folder: string): string {
  const order = readOrder(folder)
  if (order) return order.lease.name
  const stack = new Ledger(join(folder, 'ledger.jsonl')).entries.find(({ kind }) => kind === 'stack')
  return (stack?.data as { stack?: string } | undefined)?.stack ?? basename(folder)
}

/** The folders of all scopes that are not closed. */
export function scopeFolders(scopes: string): string[] {
  if (!existsSync(scopes)) return []
  return readdirSync(scopes).map((name) => join(scopes, name))
}
