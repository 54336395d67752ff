import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { RestoreStep } from './restore.ts'
import type { SnapshotStep } from './take.ts'
import type { SnapshotTarget } from './volumes.ts'

type Where = Omit<SnapshotTarget, 'docker'> & { dockerHost: string }

/** Runs `call` in another process, told how to come by what it needs. */
async function inProcess(where: Where, call: string, [file = '', ...args]: string[] = [process.execPath]) {
  const source = (name: string) => JSON.stringify(join(import.meta.dirname, name))
  const script = `
    const { dockerClient } = await import(${source('../docker/connect.ts')})
    const { takeSnapshot } = await import(${source('take.ts')})
    const { restoreSnapshot } = await import(${source('restore.ts')})
    const { dockerHost, ...rest } = ${JSON.stringify(where)}
    const target = { ...rest, docker: dockerClient(dockerHost) }
    const options = { timeoutMs: 60_000, version: 'other', commit: '' }
    ${call}`
  const child = spawn(file, [...args, '--input-type=module', '--eval', script], { stdio: 'inherit' })
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  return { code, signal }
}

async function killedProcess(where: Where, step: string, call: string): Promise<void> {
  const onStep = `(step) => step === ${JSON.stringify(step)} && process.kill(process.pid, 'SIGKILL')`
  const { code, signal } = await inProcess(where, `await ${call}(target, { ...options, onStep: ${onStep} })`)
  if (signal !== 'SIGKILL') throw new Error(`the process came past "${step}" (exit code ${code})`)
}

/** Takes a snapshot of the version `other` in a process that is killed the moment it says that a step is done. */
export const takeAndDie = (where: Where, step: SnapshotStep): Promise<void> =>
  killedProcess(where, step, 'takeSnapshot')

export const restoreAndDie = (where: Where, step: RestoreStep): Promise<void> =>
  killedProcess(where, step, 'restoreSnapshot')

/**
 * Takes a snapshot, empties the volumes and restores them, in a process whose state directory the engine cannot see, as
 * if it were on another machine.
 */
export async function thereAndBack(where: Where): Promise<void> {
  const mount = 'mount -t tmpfs tmpfs "$0" && exec "$@"'
  const call = `
    const { volumes } = await takeSnapshot(target, options)
    for (const { name } of volumes) {
      await target.docker.getVolume(name).remove()
      await target.docker.createVolume({ Name: name })
    }
    await restoreSnapshot(target, options)`
  const unseen = ['unshare', '--mount', 'sh', '-c', mount, where.stateDir, process.execPath]
  const { code } = await inProcess(where, call, unseen)
  if (code !== 0) throw new Error(`the process ended with ${code}`)
}
