import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { type ChildEnd, type ChildRequest, startChild } from './run-child.ts'

/** What a thread of the pool is given. */
export interface SweepTask extends ChildRequest {
  /** Brings the signals that the sweep is told to end with. */
  port: MessagePort
}

/** One thread of the pool: starts one child and waits for it. Nothing is started once a signal has come. */
export default async function work({ port, ...request }: SweepTask): Promise<ChildEnd | undefined> {
  if (receiveMessageOnPort(port)) {
    port.close()
    return undefined
  }
  const child = startChild(request)
  port.on('message', child.kill)
  try {
    return await child.end
  } finally {
    port.close()
  }
}
