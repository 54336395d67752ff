import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { outcomesOf } from '@cc-ci/harness'
import { OwnEngine } from '@cc-ci/harness/test-engine'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type CliOptions, errorOf, TestHost } from './test-host.ts'

// What a host can lack and a person can mistype, through the real command line.

const isRoot = process.getuid?.() === 0
const UNVERIFIED = {
  install: 'unverified',
  upgrade: 'blocked',
  backup: 'blocked',
  custom: 'blocked',
  'recipe-local': 'blocked',
  lint: 'blocked',
}

let host: TestHost
let folder: string
beforeAll(async () => {
  host = await TestHost.open()
})
afterAll(() => host[Symbol.dispose]())
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ccci-no-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A run that ends before it deploys anything, in a fraction of the time it has. */
async function refused(args: string[], code: 2 | 3, options: CliOptions = {}): Promise<string> {
  const ref = args[args.indexOf('--ref') + 1]
  const subject = host.subject('custom-html', args.includes('--ref') ? ref : undefined)
  const end = await host.cli(['run', 'custom-html', '--pr', subject.pr, ...args], options)
  const { record } = end
  if (!record) throw new Error(`no record:\n${end.all}`)
  expect(end.exitCode, end.all).toBe(code)
  const blame = code === 2 ? 'usage' : 'infrastructure'
  expect(record).toMatchObject({ state: 'finished', verdict: 'red', blame, level: 0, evidence: [] })
  expect(outcomesOf(record.stages)).toEqual(UNVERIFIED)
  expect(record.deployments ?? record.teardown).toBeUndefined()
  expect(record.durationMs).toBeLessThan((host.settings.deployTimeout * 1000) / 20)
  expect(await host.leftOf(subject, record.id)).toEqual([])
  const told = errorOf(end)
  for (const line of told.split('\n')) expect(end.all).toContain(line.trim())
  return told.replaceAll(folder, '<folder>').replaceAll(host.stateDir, '<state>')
}

/** A unix socket on which somebody listens who never says a word. */
async function silentSocket(path: string): Promise<Server> {
  const server = createServer((socket) => socket.resume())
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return server
}

const closed = (server: Server) => new Promise((resolve) => server.close(resolve))

describe('the Docker engine', () => {
  test('that is not there', async () => {
    const told = await refused([], 3, { env: { DOCKER_HOST: `unix://${folder}/docker.sock` } })
    expect(told).toMatchInlineSnapshot(`
      "DockerUnreachableError: No Docker engine answers at unix://<folder>/docker.sock.
        last seen: connect ENOENT <folder>/docker.sock
        to do: Bring one up with: npm run dev-host -- up (as root), or set DOCKER_HOST to the engine to use."
    `)
  })

  test('that has died and left its socket behind', async () => {
    const server = await silentSocket(join(folder, 'alive.sock'))
    renameSync(join(folder, 'alive.sock'), join(folder, 'docker.sock'))
    await closed(server)
    const told = await refused([], 3, { env: { DOCKER_HOST: `unix://${folder}/docker.sock` } })
    expect(told).toMatchInlineSnapshot(`
      "DockerUnreachableError: No Docker engine answers at unix://<folder>/docker.sock.
        last seen: connect ECONNREFUSED <folder>/docker.sock
        to do: Bring one up with: npm run dev-host -- up (as root), or set DOCKER_HOST to the engine to use."
    `)
  })

  test('that hangs', async () => {
    const server = await silentSocket(join(folder, 'docker.sock'))
    try {
      const told = await refused([], 3, { env: { DOCKER_HOST: `unix://${folder}/docker.sock` } })
      expect(told).toMatchInlineSnapshot(`
        "DockerUnreachableError: No Docker engine answers at unix://<folder>/docker.sock.
          last seen: something listens there and said nothing for 10 s
          to do: Restart that engine, or set DOCKER_HOST to another one."
      `)
    } finally {
      await closed(server)
    }
  })

  test('that this user may not use', async () => {
    const server = await silentSocket(join(folder, 'docker.sock'))
    try {
      chmodSync(join(folder, 'docker.sock'), 0o000)
      // Root may use any socket; without its capabilities it is a user as others are.
      const through = isRoot ? ['setpriv', '--bounding-set=-all'] : []
      const told = await refused([], 3, { env: { DOCKER_HOST: `unix://${folder}/docker.sock` }, through })
      expect(told).toMatchInlineSnapshot(`
        "DockerForbiddenError: This user may not use the Docker engine at unix://<folder>/docker.sock.
          last seen: connect EACCES <folder>/docker.sock
          to do: Run as root, or let an administrator add you to the docker group and log in again."
      `)
    } finally {
      await closed(server)
    }
  })

  // A second engine, alone in a network of its own and with nothing of the first one's: only root can start one.
  test.runIf(isRoot)('without swarm', async () => {
    await using engine = await OwnEngine.bare()
    const { dockerHost } = engine
    const told = await refused([], 3, { env: { DOCKER_HOST: dockerHost } })
    expect(told.replace(dockerHost, '<engine>')).toMatchInlineSnapshot(`
      "NoSwarmError: The Docker engine at <engine> is not a swarm manager.
        last seen: swarm state "inactive", manager: no
        to do: On a developer machine: npm run dev-host -- up. On a host: docker swarm init."
    `)
  })
})

describe('the host', () => {
  test('whose disk is nearly full', async () => {
    const told = await refused([], 3, { env: { CCCI_MIN_FREE_DISK: '100T' } })
    expect(told.replace(/[\d.]+ GB free/, '<n> GB free')).toMatchInlineSnapshot(`
      "DiskFullError: The disk of <state> is nearly full.
        last seen: <n> GB free, 102400.0 GB wanted
        to do: Free some space (docker image prune, docker builder prune), or lower CCCI_MIN_FREE_DISK."
    `)
  })

  test('without the network of the reverse proxy', async () => {
    expect(await refused([], 3, { env: { CCCI_PROXY_NETWORK: 'no-such-network' } })).toMatchInlineSnapshot(`
      "ProxyNetworkError: There is no overlay network "no-such-network" on this host.
        to do: On a developer machine: npm run dev-host -- up. On a host: deploy the proxy first."
    `)
  })

  test('whose reverse proxy does not answer', async () => {
    // A port that was free a moment ago.
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    await closed(server)
    const told = await refused([], 3, { env: { CCCI_PROXY_ADDRESS: `127.0.0.1:${port}` } })
    expect(told.replaceAll(String(port), '<port>')).toMatchInlineSnapshot(`
      "ProxyUnreachableError: The reverse proxy does not answer at 127.0.0.1:<port>.
        last seen: connect ECONNREFUSED 127.0.0.1:<port>
        to do: npm run dev-host -- status tells what is missing; npm run dev-host -- up brings it back."
    `)
  })

  test('without the image that backups need', async () => {
    const told = await refused([], 3, { env: { CCCI_HELPER_IMAGE: 'cc-ci/no-such-helper:1' } })
    expect(told).toMatch(/^HelperImageMissingError: The image cc-ci\/no-such-helper:1 .*npm run dev-host -- up/s)
  })

  test('whose certificate authority is not there', async () => {
    const told = await refused([], 3, { env: { CCCI_CA_FILE: join(folder, 'ca.pem') } })
    expect(told).toMatchInlineSnapshot(`
      "CaFileError: The authority that signed the proxy's certificate cannot be read from <folder>/ca.pem.
        last seen: ENOENT: no such file or directory, open '<folder>/ca.pem'
        to do: On a developer machine: npm run dev-host -- up. Elsewhere set CCCI_CA_FILE to a PEM file, or leave it out when the certificate is publicly trusted."
    `)
  })
})

describe('what is asked for', () => {
  const sources = (told: string) =>
    host.settings.recipeSources.reduce((text, source) => text.replaceAll(source, '<recipes>'), told)

  test('is a version that was never published: the nearest ones', async () => {
    expect(sources(await refused(['--ref', '1.1.0+1.22.2'], 2))).toMatchInlineSnapshot(`
      "UnknownVersionError: The recipe "custom-html" has no version, branch or commit "1.1.0+1.22.2".
        last seen: 2 versions and 1 branch in <recipes>/custom-html
        to do: The nearest: 1.1.0+1.22.1, 1.0.0+1.22.1."
    `)
  })

  test('is a branch that is not there: the nearest one', async () => {
    expect(sources(await refused(['--ref', 'mian'], 2))).toMatchInlineSnapshot(`
      "UnknownVersionError: The recipe "custom-html" has no version, branch or commit "mian".
        last seen: 2 versions and 1 branch in <recipes>/custom-html
        to do: The nearest: main."
    `)
  })

  test('is a ref like nothing there is: what there is', async () => {
    expect(sources(await refused(['--ref', 'the-one-with-the-new-login-page'], 2))).toMatchInlineSnapshot(`
      "UnknownVersionError: The recipe "custom-html" has no version, branch or commit "the-one-with-the-new-login-page".
        last seen: 2 versions and 1 branch in <recipes>/custom-html
        to do: There are: 1.1.0+1.22.1, 1.0.0+1.22.1, main."
    `)
  })

  test('is an unknown recipe: the nearest name, and no run', async () => {
    const { exitCode, all, record } = await host.cli(['run', 'custom-htlm'])
    expect(exitCode).toBe(2)
    expect(sources(all)).toMatchInlineSnapshot(`
      "There is no recipe "custom-htlm" in <recipes>.
        to do: The nearest: custom-html."
    `)
    expect(record).toBeUndefined()
  })
})

test.each([
  ['DOCKER_HOST', 'docker.sock'],
  ['CCCI_PROXY_ADDRESS', '8443'],
  ['CCCI_MIN_FREE_DISK', 'lots'],
  ['CCCI_DEPLOY_TIMEOUT', '0'],
])(
  'the setting %s=%s is refused with its name, what it got and what it takes, before a run is begun',
  async (variable, value) => {
    using own = await TestHost.open()
    const { exitCode, all } = await own.cli(['run', 'custom-html'], { env: { [variable]: value } })
    expect(exitCode).toBe(2)
    const [first, ...more] = all.split('\n')
    expect(first).toBe(`${variable} is ${JSON.stringify(value)}, which cannot be used.`)
    expect(more.join('\n')).toMatch(/^ {2}to do: It takes \S.*\.$/)
    expect(existsSync(join(own.stateDir, 'runs'))).toBe(false)
  },
)
