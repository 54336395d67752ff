import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { testHost } from '../../docker/test-stack.ts'
import { messageOf } from '../../errors.ts'
import type { TestCommit } from '../../recipe/test-repository.ts'
import { secrets } from '../../redact/secrets.ts'
import { openTestApp, type TestApp, type TestAppOptions } from '../conformance-app.ts'
import { AbraError, AbraRefusedError } from './errors.ts'

const { image } = await testHost()

const FILES: Record<string, string> = {
  'compose.yml': `
version: "3.8"
services:
  app:
    image: ${image}
    init: true
    command: [sleep, infinity]
    secrets: [made, given]
    deploy: {labels: ["coop-cloud.\${STACK_NAME}.version=1.0.0+1"]}
secrets:
  made: {external: true, name: "\${STACK_NAME}_made_v1"}
  given: {external: true, name: "\${STACK_NAME}_given_v1"}
`,
  '.env.sample': 'TYPE=sample\nDOMAIN=x\nSECRET_MADE_VERSION=v1 # length=30\nSECRET_GIVEN_VERSION=v1 # generate=false',
}

const COMMITS: TestCommit[] = [{ version: '1.0.0+1', files: FILES }, { files: { 'new.txt': 'new' } }]

const GIVEN = 'a value that nobody can guess'

interface Watched extends TestApp {
  /** The command lines with which abra was called. */
  calls(): Promise<string>
}

/** The stand-in behind a script that does something first; `$*` are its arguments. */
async function openWith(script: string, commits = COMMITS, options: TestAppOptions = {}): Promise<Watched> {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'cc-ci-abra-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const [abra, calls] = [join(folder, 'abra'), join(folder, 'calls')]
  const standIn = `exec '${process.execPath}' '${join(import.meta.dirname, 'stand-in', 'abra.ts')}' "$@"`
  await writeFile(abra, `#!/bin/sh\necho "$*" >> '${calls}'\n${script}\n${standIn}\n`)
  await chmod(abra, 0o755)
  const settings = { ipvs: 'yes' as const, ...options.settings }
  const asked = { secrets: { given: GIVEN }, ...options, settings }
  const one = stack.use(await openTestApp({ engine: 'abra', abra }, commits, asked))
  const all = stack.move()
  return { ...one, calls: () => readFile(calls, 'utf8'), [Symbol.asyncDispose]: () => all.disposeAsync() }
}

async function deploy(one: TestApp, ref = '1.0.0+1') {
  const target = await one.target(ref)
  await one.engine.create(one.app, target, {})
  return await one.engine.deploy(one.app, target)
}

const failed = async (work: Promise<unknown>): Promise<unknown> => await work.catch((caught: unknown) => caught)

describe('the abra engine', { concurrent: true }, () => {
  test('no value of a secret is on a command line, and what abra generates is kept out of what leaves the process', async () => {
    await using one = await openWith('')
    expect((await deploy(one)).warnings).toEqual([])
    await one.up()
    const calls = await one.calls()
    expect(calls).toMatch(/^app secret insert \S+ given v1 \S+ -f -n -C -o$/m)
    expect(calls).toMatch(/^app secret generate \S+ made v1 -m -n -C -o$/m)
    expect(calls).not.toContain(GIVEN)
    const made = await one.sh('cat /run/secrets/made')
    expect(made).toMatch(/^[A-Za-z0-9]{30}$/)
    expect(calls).not.toContain(made)
    expect(secrets.text(`it says ${made}`)).not.toContain(made)
  })

  test('a published version is deployed by its name, a commit in chaos; neither asks, waits or goes to the network', async () => {
    await using one = await openWith('')
    await deploy(one)
    await deploy(one, 'main')
    const calls = (await one.calls()).replaceAll(one.app.domain, 'DOMAIN').split('\n')
    expect(calls.filter((call) => /^app (new|deploy)/.test(call))).toEqual([
      'app new sample 1.0.0+1 --server default --domain DOMAIN -n -o',
      'app deploy DOMAIN 1.0.0+1 -n -f -c -D -o',
      'app new sample -C --server default --domain DOMAIN -n -o',
      'app deploy DOMAIN -C -n -f -c -D -o',
    ])
  })

  test('what abra prints about a secret without -m cannot be learned, and that is said', async () => {
    const script = `case "$*" in *generate*) set -- $(printf '%s\\n' "$@" | grep -v -x -e -m);; esac`
    await using one = await openWith(script)
    expect((await deploy(one)).warnings).toEqual([expect.stringContaining('not kept out of logs')])
  })

  test('a version with a lightweight tag is refused by lint, as the recipe’s doing', async () => {
    await using one = await openWith('', [{ version: '1.0.0+1', tag: 'lightweight', files: FILES }])
    const error = await failed(deploy(one))
    expect(error).toBeInstanceOf(AbraRefusedError)
    expect(messageOf(error)).toMatch(/R014.*annotated/s)
  })

  test.each([
    ['Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?'],
    ['x.example.org is already deployed'],
  ])('what is not the recipe’s doing is not blamed on it: %s', async (fata) => {
    await using one = await openWith(`case "$*" in *" deploy "*) echo "FATA ${fata}"; exit 1;; esac`)
    const error = await failed(deploy(one))
    expect(error).toBeInstanceOf(AbraError)
    expect((error as AbraError).blame).toBe('infrastructure')
    expect(messageOf(error)).toContain(fata)
  })

  test.each([
    ['moved the checkout', 'git -C "$ABRA_DIR/recipes/sample" checkout --quiet --detach refs/remotes/origin/main'],
    ['changed a file', 'echo "# changed" >> "$ABRA_DIR/recipes/sample/compose.yml"'],
  ])('an abra that %s in a chaos deployment is not believed', async (_, script) => {
    const options = { settings: { ipvs: 'no' as const } }
    await using one = await openWith(`case "$*" in *" deploy "*) ${script};; esac`, COMMITS, options)
    const error = await failed(deploy(one))
    expect(error).toBeInstanceOf(AbraError)
    expect(messageOf(error)).toContain('is not what was to be deployed')
  })

  test('an abra that keeps its apps elsewhere is noticed before anything is deployed', async () => {
    await using one = await openWith('case "$*" in "app new "*) exit 0;; esac')
    expect(messageOf(await failed(deploy(one)))).toMatch(/made no .*CCCI_ABRA_DIR/s)
  })

  test('whose run it is stands beside the stack, whose services carry the recipe’s labels only', async () => {
    await using one = await openWith('')
    await deploy(one)
    const labels = await one.up()
    expect(Object.keys(labels).filter((label) => label.startsWith('cc-ci.'))).toEqual([])
    const configs = await one.docker.listConfigs({ filters: { label: [`cc-ci.run=${one.app.runId}`] } })
    expect(configs.map((config) => config.Spec?.Name)).toEqual([`${one.app.stack}_cc-ci`])
  })
})
