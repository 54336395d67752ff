import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectDocker, loadSettings, ProgramError, run } from '@cc-ci/harness'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { inspectProxy } from './proxy-container.ts'

const main = join(import.meta.dirname, 'main.ts')

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cc-ci-dev-host-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** What `dev-host up` says when it refuses; it must have made nothing in the state directory. */
async function refused(
  program: string[],
  env: Record<string, string>,
): Promise<{ said: string; exitCode: number | undefined }> {
  const [file = '', ...args] = program
  const error = await run(file, [...args, main, 'up'], { env, timeoutMs: 60_000 }).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(ProgramError)
  const { output, exitCode } = error as ProgramError
  return { said: output, exitCode }
}

test('without an engine and without root, nothing is touched and both ways out are told', async () => {
  // In a user namespace of its own the process is nobody, and can still read its own program.
  const nobody = ['unshare', '--user', process.execPath]
  const env = { CCCI_STATE_DIR: join(folder, 'state'), DOCKER_HOST: `unix://${folder}/docker.sock` }
  const { said, exitCode } = await refused(nobody, env)
  expect(exitCode).toBe(2)
  expect(said).toContain(
    `No Docker engine answers at unix://${folder}/docker.sock, and only root can install or start one.`,
  )
  expect(said).toMatch(/run this as root[\s\S]*set DOCKER_HOST/)
  expect(await readdir(folder)).toEqual([])
})

test('with the port of the proxy taken, the port, its holder and another to choose are told, and the dev host stays', async () => {
  const docker = await connectDocker((await loadSettings()).dockerHost)
  const before = (await inspectProxy(docker))?.Id
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  try {
    const { said, exitCode } = await refused([process.execPath], { CCCI_PROXY_ADDRESS: `127.0.0.1:${port}` })
    expect(exitCode).toBeGreaterThan(0)
    expect(said).toMatch(
      new RegExp(
        `Port ${port} of 127\\.0\\.0\\.1[\\s\\S]*process ${process.pid}[\\s\\S]*CCCI_PROXY_ADDRESS=127\\.0\\.0\\.1:${port + 1}`,
      ),
    )
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
  expect((await inspectProxy(docker))?.Id).toBe(before)
})
