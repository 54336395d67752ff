import { chmodSync, existsSync, mkdirSync } from 'node:fs'

/** Makes a folder that every user of this machine may write to: all who use an engine take part in its leases. */
export function makeSharedFolder(folder: string): void {
  if (existsSync(folder)) return
  mkdirSync(folder, { recursive: true })
  chmodSync(folder, 0o777)
}
