import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** Another process that holds a lease until it is killed. */
export async function holderProcess(folder: string, name: string, runId: string) {
  const script = `
    const { takeLease } = await import(${JSON.stringify(join(import.meta.dirname, 'lease.ts'))})
    await takeLease({ ...${JSON.stringify({ folder, name, runId })}, timeoutMs: 0 })
    console.log('held')
    setInterval(() => {}, 60_000)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return {
    async kill() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}
