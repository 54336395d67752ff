import { randomBytes } from 'node:crypto'
import { type Lease, tryLease } from '../scope/lease.ts'
import { realmLease } from './names.ts'

/** Hex digits for a realm whose lease is the caller's, taken before there is anything that could be taken for an orphan. */
export function ownHex(leases: string, runId: string): { hex: string; lease: Lease } {
  for (;;) {
    const hex = randomBytes(3).toString('hex')
    const lease = tryLease(leases, realmLease(hex), { runId, pid: process.pid, since: new Date().toISOString() })
    if (lease) return { hex, lease }
  }
}
