import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createDashboard } from './app.ts'
import { attack, SCRIPT, startedAt } from './sample/attack.ts'
import { writeSampleRecord } from './sample/record.ts'
import { TestState } from './sample/test-state.ts'

const page = (recipe: string) => `/recipes/${encodeURIComponent(recipe)}`

describe('what apps print and others write', () => {
  test('is text on every page, and no link leads to a script', async () => {
    using state = new TestState()
    const { record } = attack(state)
    const app = createDashboard({ stateDir: state.dir })
    for (const path of ['/', '/runs', '/host', page(record.recipe), `/runs/${record.id}`]) {
      const answer = await app.request(path)
      const text = await answer.text()
      expect(answer.status, path).toBe(200)
      expect(text, path).toContain('&lt;script&gt;alert(1)')
      expect(text, path).not.toContain('<script>alert')
      expect(text, path).not.toContain('<img src=x')
      expect(text, path).not.toMatch(/(href|src)="?\s*(javascript|data|vbscript):/i)
      expect(text, path).not.toMatch(/<(script|style)(?![^>]*src=)[^>]*>[^<]/)
      for (const tag of text.match(/<[a-z][^>]*>/g) ?? []) {
        expect(tag.replace(/"[^"]*"/g, '""'), path).not.toMatch(/\s(on\w+|style)=/)
      }
      expect(text, path).not.toContain('\u001b')
    }
  })

  test('is text in badges, and as a name in headers', async () => {
    using state = new TestState()
    const { record } = attack(state)
    const app = createDashboard({ stateDir: state.dir })
    const badge = await app.request(`/badge/${encodeURIComponent(record.recipe)}.svg`)
    expect(badge.status).toBe(200)
    expect(await badge.text()).not.toContain('<script>')
    const junit = await app.request(`/runs/${record.id}/run.json`)
    expect(junit.headers.get('content-type')).toBe('application/json')
  })

  test('a page that an app has written is shown as text that can do nothing', async () => {
    using state = new TestState()
    const { record } = attack(state)
    const answer = await createDashboard({ stateDir: state.dir }).request(`/runs/${record.id}/files/page.html`)
    expect(await answer.text()).toBe(SCRIPT)
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('content-security-policy')).toMatch(/default-src 'none';.*sandbox/)
  })
})

test('the name of a file cannot add a header', async () => {
  using state = new TestState()
  const name = 'a"\r\nX-Evil: 1\r\n\r\n<script>.zip'
  const evidence = [{ kind: 'trace' as const, file: name, caption: 'trace' }]
  const { folder, record } = writeSampleRecord(state.dir, { recipe: 'demo', startedAt, evidence })
  writeFileSync(join(folder, name), 'PK')
  const answer = await createDashboard({ stateDir: state.dir }).request(
    `/runs/${record.id}/files/${encodeURIComponent(name)}`,
  )
  expect(await answer.text()).toBe('PK')
  expect(answer.headers.get('x-evil')).toBeNull()
  expect(answer.headers.get('content-disposition')).toMatch(/^attachment; filename="[\w.-]+\.zip"$/)
})

describe('only its own files', () => {
  test.each([
    'files/../../../../outside.txt',
    'files/..%2f..%2f..%2foutside.txt',
    'files/%2e%2e/%2e%2e/%2e%2e/outside.txt',
    'files/../../../outside.txt',
    'files/link.txt',
    'files//etc/passwd',
    'files/%2fetc%2fpasswd',
    'files/run.json',
    'files/output.log%00',
    'files/%',
    'files/',
    'files',
    'journal.jsonl',
    'links.json',
  ])('%s of a run is not handed out', async (path) => {
    using state = new TestState()
    const { record } = attack(state)
    const answer = await createDashboard({ stateDir: state.dir }).request(
      new Request(`http://x/runs/${record.id}/${path}`),
    )
    expect(answer.status).toBe(404)
    expect(await answer.text()).not.toContain('secret')
  })

  test.each(['..', '%2e%2e', '..%2f..', '%2e%2e%2fwarm', '.', 'linked', '%00', '%ff', 'a'.repeat(5_000)])(
    '%s is no run',
    async (id) => {
      using state = new TestState()
      attack(state)
      mkdirSync(join(state.dir, 'elsewhere'))
      writeFileSync(join(state.dir, 'elsewhere/output.log'), 'secret')
      symlinkSync(join(state.dir, 'elsewhere'), join(state.dir, 'runs/linked'))
      const app = createDashboard({ stateDir: state.dir })
      for (const end of ['', '/log', '/run.json', '/stream', '/card.png']) {
        const answer = await app.request(new Request(`http://x/runs/${id}${end}`))
        expect([404, 200], id).toContain(answer.status)
        expect(await answer.text()).not.toContain('secret')
      }
    },
  )

  test('an asset is one of those that there are', async () => {
    using state = new TestState()
    const app = createDashboard({ stateDir: state.dir })
    for (const name of ['..%2fapp.ts', '%2e%2e%2fapp.ts', 'app.ts', '__proto__', 'constructor']) {
      expect((await app.request(new Request(`http://x/assets/${name}`))).status, name).toBe(404)
    }
  })
})

describe('a huge log', () => {
  const SIZE = 100 * 2 ** 20

  test('makes no huge page, and its parts can be asked for', async () => {
    using state = new TestState()
    const { folder, record } = writeSampleRecord(state.dir, { recipe: 'demo', startedAt })
    const file = join(folder, 'output.log')
    writeFileSync(file, 'first\n')
    // All zeros and one line, which takes no room on the disk.
    truncateSync(file, SIZE)
    writeFileSync(file, '\nlast\n', { flag: 'a' })
    const app = createDashboard({ stateDir: state.dir })
    const before = process.memoryUsage().rss
    const shown = await (await app.request(`/runs/${record.id}`)).text()
    expect(shown.length).toBeLessThan(100_000)
    expect(shown).toContain('last')
    expect(shown).toContain('104.9 MB')
    const log = `/runs/${record.id}/log`
    const first = await app.request(log, { headers: { range: 'bytes=0-5' } })
    expect([first.status, await first.text(), first.headers.get('content-range')]).toEqual([
      206,
      'first\n',
      `bytes 0-5/${SIZE + 6}`,
    ])
    const last = await app.request(log, { headers: { range: 'bytes=-5' } })
    expect([last.status, await last.text()]).toEqual([206, 'last\n'])
    const none = await app.request(log, { headers: { range: `bytes=${SIZE * 2}-` } })
    expect([none.status, none.headers.get('content-range')]).toEqual([416, `bytes */${SIZE + 6}`])
    const head = await app.request(log, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, String(SIZE + 6), ''])
    const again = await app.request(log, { headers: { 'if-none-match': head.headers.get('etag') ?? '' } })
    expect(again.status).toBe(304)
    expect(process.memoryUsage().rss - before).toBeLessThan(SIZE / 2)
  })
})

describe('every answer', () => {
  test('says what it may do', async () => {
    using state = new TestState()
    const { record } = attack(state)
    const app = createDashboard({ stateDir: state.dir })
    for (const path of [
      '/',
      '/nothing',
      `/runs/${record.id}`,
      `/runs/${record.id}/log`,
      '/api/v1/runs',
      '/badge/x.svg',
      '/assets/live.js',
      '/healthz',
    ]) {
      const { headers } = await app.request(path)
      const policy = headers.get('content-security-policy') ?? ''
      expect(policy, path).toMatch(/default-src 'none'/)
      expect(policy.replace("style-src 'unsafe-inline'; sandbox", ''), path).not.toMatch(/unsafe|\*|data:|http/)
      expect(headers.get('x-content-type-options'), path).toBe('nosniff')
      expect(headers.get('x-frame-options'), path).toBe('DENY')
      expect(headers.get('referrer-policy'), path).toBe('no-referrer')
    }
  })

  test('is to a question: nothing can be changed', async () => {
    using state = new TestState()
    const { record } = attack(state)
    const app = createDashboard({ stateDir: state.dir })
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      for (const path of ['/', `/runs/${record.id}`, '/api/v1/runs', '/badge/x.svg']) {
        expect((await app.request(path, { method })).status, `${method} ${path}`).toBe(404)
      }
    }
  })
})
