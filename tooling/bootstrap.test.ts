import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

let project: string

/** A project as small as can be: no dependency but a Node, and a dev host that says what it is called with. */
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'cc-ci-bootstrap-'))
  const folders = ['tooling/dev-host', 'packages/one', 'node-here/bin']
  for (const folder of folders) mkdirSync(join(project, folder), { recursive: true })
  copyFileSync(join(import.meta.dirname, 'bootstrap.mjs'), join(project, 'tooling/bootstrap.mjs'))
  symlinkSync(process.execPath, join(project, 'node-here/bin/node'))
  manifest('.', { workspaces: ['packages/*', 'tooling'], devDependencies: { node: 'file:node-here' } })
  manifest('node-here', {})
  manifest('packages/one', {})
  manifest('tooling', {})
  devHost("console.log(JSON.stringify(process.argv.slice(2)), process.env.PATH?.split(':')[0])")
})

afterEach(() => rmSync(project, { recursive: true, force: true }))

function manifest(folder: string, content: object): void {
  const name = folder === '.' ? 'root' : folder.replaceAll('/', '-')
  const file = join(project, folder, 'package.json')
  writeFileSync(file, JSON.stringify({ name, version: '1.0.0', type: 'module', ...content }))
}

const devHost = (code: string): void => writeFileSync(join(project, 'tooling/dev-host/main.ts'), code)

function bootstrap(...args: string[]) {
  const child = spawn(process.execPath, [join(project, 'tooling/bootstrap.mjs'), ...args], { stdio: 'pipe' })
  const said = { out: '', err: '' }
  child.stdout.on('data', (data) => {
    said.out += String(data)
  })
  child.stderr.on('data', (data) => {
    said.err += String(data)
  })
  const ended = once(child, 'close').then(([code]) => ({ code: code as number, ...said }))
  return { child, said, ended }
}

test('a command gets its arguments, and finds the project’s own programs first', async () => {
  const { code, out } = await bootstrap('dev-host', 'status', '--json').ended
  expect(out).toBe(`["status","--json"] ${join(project, 'node_modules/.bin')}\n`)
  expect(code).toBe(0)
})

test('its exit code is handed on', async () => {
  devHost('process.exit(7)')
  expect((await bootstrap('dev-host', 'status').ended).code).toBe(7)
})

test('a signal is handed on, and the program may end in its own way', async () => {
  devHost("process.on('SIGTERM', () => process.exit(42)); setInterval(() => {}, 1000); console.log('ready')")
  const { child, said, ended } = bootstrap('dev-host')
  await expect.poll(() => said.out, { timeout: 15_000 }).toBe('ready\n')
  child.kill('SIGTERM')
  expect((await ended).code).toBe(42)
})

test('dependencies are installed the first time and after a change, and not in between', async () => {
  const installs = async () => (await bootstrap('dev-host').ended).err.includes('Installing dependencies')
  expect(await installs()).toBe(true)
  expect(await installs()).toBe(false)
  manifest('packages/one', { description: 'changed' })
  expect(await installs()).toBe(true)
  expect(existsSync(join(project, 'node_modules/packages-one'))).toBe(true)
})

test('nothing is run after a part that failed', async () => {
  devHost("console.log('up'); process.exit(3)")
  mkdirSync(join(project, 'tooling/cli'))
  writeFileSync(join(project, 'tooling/cli/main.ts'), "console.log('run')")
  const { code, out } = await bootstrap('start').ended
  expect(out).toBe('up\n')
  expect(code).toBe(3)
})

test('an unknown command is refused with those there are, before anything is done', async () => {
  const { code, err } = await bootstrap('deploy').ended
  expect(code).toBe(2)
  expect(err).toMatch(/^There is no "deploy"\. There are: start, test, test:apps, .*, bench, .*, check\.\n$/)
})
