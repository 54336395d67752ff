import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RunPreview, run, runPreview } from '@cc-ci/harness'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

// The real command line on a machine without a Docker engine.

const COMPOSE = `version: "3.8"
services:
  app:
    image: nginx:1.22.1
    secrets: [token]
    healthcheck:
      test: "true"
    deploy:
      labels:
        - "traefik.enable=true"
        - "traefik.http.routers.\${STACK_NAME}.rule=Host(\`\${DOMAIN}\`)"
        - "coop-cloud.\${STACK_NAME}.version=1.0.0+1.22.1"
secrets:
  token:
    external: true
    name: \${STACK_NAME}_token_\${SECRET_TOKEN_VERSION}
`

let folder: string
beforeEach(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'ccci-plan-')))
  for (const name of ['root', 'tmp', 'sources/site']) mkdirSync(join(folder, name), { recursive: true })
  writeFileSync(join(folder, 'root/package.json'), '{ "version": "9.8.7", "type": "module" }')
  const files = {
    'compose.yml': COMPOSE,
    '.env.sample': 'TYPE=site\nDOMAIN=x\nAPI_TOKEN=a-token-of-theirs\nSECRET_TOKEN_VERSION=v1 # length=20\n',
  }
  const recipe = join(folder, 'sources/site')
  for (const [file, text] of Object.entries(files)) writeFileSync(join(recipe, file), text)
  const git = (...args: string[]) =>
    run('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], { cwd: recipe })
  await git('init', '--quiet', '--initial-branch=main')
  await git('add', '--all')
  await git('commit', '--quiet', '-m', 'publish')
  await git('tag', '-a', '-m', 'publish', '1.0.0+1.22.1')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function cli(args: string[], env: Record<string, string> = {}) {
  const where = JSON.stringify({ root: join(folder, 'root') })
  const program = JSON.stringify(join(import.meta.dirname, 'program.ts'))
  const code = `import(${program}).then(async ({ main }) => { process.exitCode = await main(process.argv.slice(1), ${where}) })`
  return execa(process.execPath, ['-e', code, '--', ...args], {
    cwd: join(folder, 'root'),
    env: {
      CCCI_STATE_DIR: join(folder, 'state'),
      CCCI_LEASE_DIR: join(folder, 'leases'),
      CCCI_RECIPE_SOURCES: join(folder, 'sources'),
      DOCKER_HOST: `unix://${folder}/docker.sock`,
      TMPDIR: join(folder, 'tmp'),
      INIT_CWD: undefined,
      NO_COLOR: '1',
      FORCE_COLOR: undefined,
      ...env,
    },
    all: true,
    reject: false,
    stdin: 'ignore',
  })
}

/** Nothing but what the test itself has put there. */
function expectUntouched(): void {
  expect(readdirSync(join(folder, 'tmp'))).toEqual([])
  expect(existsSync(join(folder, 'state'))).toBe(false)
  expect(existsSync(join(folder, 'leases'))).toBe(false)
  expect(readdirSync(folder).sort()).toEqual(['root', 'sources', 'tmp'])
}

describe('cc-ci plan', { timeout: 20_000 }, () => {
  test('prints a plan that keeps to its schema, says what it could not look at, and leaves nothing', async () => {
    const { exitCode, stdout, all } = await cli(['plan', 'site', '--json'])
    expect(exitCode, all).toBe(0)
    const plan = JSON.parse(stdout) as RunPreview
    expect(runPreview.strict().parse(plan)).toEqual(plan)
    expect(plan).toMatchObject({
      recipe: 'site',
      suite: 'generic',
      version: '1.0.0+1.22.1',
      bases: [],
      basesWhy: 'there is no published version before 1.0.0+1.22.1',
      deployments: [{ purpose: 'install', version: '1.0.0+1.22.1' }],
      services: [{ name: 'app', image: 'nginx:1.22.1', mode: 'replicated', replicas: 1 }],
      secrets: [{ key: 'token', name: `${plan.stack}_token_v1`, from: 'generated', length: 20 }],
      env: { API_TOKEN: '***', LETS_ENCRYPT_ENV: '', DOMAIN: plan.domain },
      host: { problems: [`No Docker engine answers at unix://${folder}/docker.sock.`] },
    })
    expect(plan.host.unknown.length).toBeGreaterThan(0)
    expect(plan.services[0]).not.toHaveProperty('local')
    expect(stdout).not.toContain('a-token-of-theirs')
    expectUntouched()
  })

  test('is told to a person in one page', async () => {
    const { exitCode, all } = await cli(['plan', 'site', '--pr', '7', '--stages', 'install,lint', '--quick'])
    expect(exitCode, all).toBe(0)
    const steady = all
      .replaceAll(folder, '<folder>')
      .replaceAll(/site-[0-9a-f]{6}/g, 'site-<hex>')
      .replaceAll(/\([0-9a-f]{7}\)/g, '(<commit>)')
      .replace(/\n.*no IPVS in the kernel.*/, '')
    expect(steady).toMatchSnapshot()
  })

  test.each([
    ['an unknown recipe', ['plan', 'sit'], 2, 'The nearest: site.'],
    ['an unknown version', ['plan', 'site', '--ref', '1.0.0+1.22'], 2, 'The nearest: 1.0.0+1.22.1'],
    ['an unknown stage', ['plan', 'site', '--stages', 'instal'], 2, 'The nearest is "install"'],
    ['a pull request without a number', ['plan', 'site', '--pr', 'seven'], 2, 'It takes the number of a pull request.'],
  ])('refuses %s as a run does', async (_, args, code, text) => {
    const { exitCode, all } = await cli(args)
    expect(exitCode, all).toBe(code)
    expect(all).toContain(text)
    expectUntouched()
  })

  test('ends as a run would for a recipe that cannot be loaded', async () => {
    writeFileSync(join(folder, 'sources/site/compose.yml'), COMPOSE.replace('image: nginx:1.22.1', 'imag: nginx'))
    await run('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', 'commit', '-qam', 'break'], {
      cwd: join(folder, 'sources/site'),
    })
    const { exitCode, all } = await cli(['plan', 'site'])
    expect(exitCode, all).toBe(1)
    expect(all).toContain('services.app has no image (R011)')
    expectUntouched()
  })

  test('ended by Ctrl-C in the middle leaves nothing either', async () => {
    // A server that takes the question and never answers.
    const asked = Promise.withResolvers<void>()
    const server = createServer((socket) => {
      socket.on('error', () => {})
      asked.resolve()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    try {
      const call = cli(['plan', `http://127.0.0.1:${port}/site.git`])
      await asked.promise
      expect(readdirSync(join(folder, 'tmp'))).toHaveLength(1)
      call.kill('SIGINT')
      const { exitCode, all } = await call
      expect(exitCode, all).toBe(130)
      expectUntouched()
    } finally {
      server.close()
    }
  })
})
