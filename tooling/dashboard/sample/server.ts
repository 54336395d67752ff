import { join } from 'node:path'
import { execa } from 'execa'

const CLI = join(import.meta.dirname, '../../cli/main.ts')

/** The dashboard of a state directory in a process of its own, as a host runs it. */
export async function dashboardProcess(
  stateDir: string,
): Promise<AsyncDisposable & { url: string; exit: Promise<number | undefined>; end(): void }> {
  const child = execa(process.execPath, [CLI, 'dashboard', '--port', '0'], {
    env: { CCCI_STATE_DIR: stateDir },
    stdin: 'ignore',
    stderr: 'inherit',
    reject: false,
    // Should this process be killed, the other is not to stay.
    cleanup: true,
  })
  const url = await new Promise<string>((resolve, reject) => {
    let said = ''
    child.stdout.on('data', (piece) => {
      said += piece
      const found = /http:\/\/\S+(?=\/ )/.exec(said)?.[0]
      if (found) resolve(found)
    })
    child.then(() => reject(new Error(`the dashboard ended before it listened: ${said}`)))
  })
  const exit = child.then(({ exitCode }) => exitCode)
  return {
    url,
    exit,
    end: () => child.kill('SIGTERM'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await exit
    },
  }
}
