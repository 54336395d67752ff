import type { BackupSpec } from '../recipe/backup-labels.ts'

/** The app whose volumes are saved and brought back. */
export interface BackupTarget {
  /** The stack's name; its service `app` is `<stack>_app` in Docker. */
  stack: string
  runId: string
  /** What the recipe's labels say is to be saved, and the hooks around it. */
  spec: BackupSpec
}

/** One hook of the labels: a command for a shell in its service's container. */
export type BackupHook = BackupSpec['hooks'][number]

/** What was saved; proven to be whole before it is handed out. */
export interface BackupSnapshot {
  id: string
  /** Regular files. */
  files: number
  bytes: number
  /** By the volume's name in Docker. */
  perVolume: Record<string, { files: number; bytes: number }>
  durationMs: number
}

/** A backup tool, with a repository of its own for the run. */
export interface Backup {
  /**
   * Saves what the labels say: pre-hooks, save, post-hooks (these also after a failure), then proves that the snapshot
   * holds it all.
   */
  create(target: BackupTarget, signal?: AbortSignal): Promise<BackupSnapshot>
  /**
   * Brings a snapshot back into the volumes it came from, hooks around it. Saved files are put back with content, owner,
   * mode and times; files that are there now and were not then stay, as with the real bot.
   */
  restore(target: BackupTarget, snapshot: BackupSnapshot, signal?: AbortSignal): Promise<void>
  /** One saved file, whole (a folder comes as a tar archive); `volume` is the name in Docker. */
  read(snapshot: BackupSnapshot, volume: string, path: string, signal?: AbortSignal): Promise<Buffer>
  /** Ends what is running. The repository stays until its owner removes it. Idempotent. */
  close(): Promise<void>
}
