/** What the local executor and a run's launcher tell each other, in a folder of the run's. */
export const JOB_FILES = {
  order: 'order.json',
  started: 'started.json',
  ended: 'ended.json',
  output: 'output.log',
} as const

/** What a launcher is to start. */
export interface JobOrder {
  command: string[]
  env: Record<string, string>
}
