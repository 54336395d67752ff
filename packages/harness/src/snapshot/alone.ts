// What takes a snapshot in a process that does nothing else: the rest of the harness would be most of its memory.
export { connectSwarm } from '../docker/connect.ts'
export { type TakeOptions, takeSnapshot } from './take.ts'
export type { SnapshotTarget } from './volumes.ts'
