import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { RUN_FILES, runDir } from '@cc-ci/harness'
import { type Context, Hono } from 'hono'
import { createMiddleware } from 'hono/factory'
import type { Cards } from './card/cards.ts'
import { CardsBusyError, NoCardBrowserError } from './card/chromium.ts'
import { openInside } from './files/inside.ts'
import { mannerOf, serveFile } from './files/serve.ts'
import type { RunSummary } from './index/summary.ts'
import { startOf, streamRun } from './log/stream.ts'
import { isWriting } from './log/writing.ts'
import { plainPage } from './pages/plain.ts'
import { runPage } from './pages/run.ts'
import { readWholeRecord, runView } from './pages/run-view.ts'
import { html } from './parts/html.ts'
import type { Sources } from './sources.ts'

type OfARun = { Variables: { run: RunSummary } }

/** So many may watch logs at once: each keeps a connection. */
const MOST_WATCHERS = 1_000

const PNG = { 'content-type': 'image/png', 'cache-control': 'public, max-age=3600' }

/** Everything about one run, to be put under `/runs`. */
export function runRoutes({ stateDir, index, tails, base, clock }: Sources, cards: Cards): Hono<OfARun> {
  const runs = new Hono<OfARun>()
  const missing = (context: Context) =>
    context.html(plainPage('Not here', 'There is nothing of this run at this address.'), 404)
  const file = async (context: Context<OfARun>, name: string, download: boolean): Promise<Response> => {
    const { id } = context.get('run')
    const handle = await openInside(runDir(stateDir, id), name)
    if (!handle) return missing(context)
    const manner = name === RUN_FILES.record ? { type: 'application/json', attachment: false } : mannerOf(name)
    return serveFile(context, handle, { name: `${id}-${basename(name)}`, manner, download })
  }

  runs.use(
    '/:id/*',
    createMiddleware<OfARun>(async (context, next) => {
      const id = context.req.param('id') ?? ''
      const run = index.get(id)
      if (run) {
        context.set('run', run)
        return await next()
      }
      if (!index.has(id))
        return context.html(
          plainPage('No such run', 'It is not recorded on this host, or its record was removed to make room.'),
          404,
        )
      return context.html(
        plainPage('This run has no record yet', 'Its record is not there yet, or cannot be read.'),
        404,
      )
    }),
  )
  runs.get('/:id', async (context) => {
    const run = context.get('run')
    const view = await runView(stateDir, index, run)
    if (view) return context.html(runPage(view, clock(), base || undefined))
    const raw = html`<p>It is there as it stands: <a href="/runs/${run.id}/run.json">run.json</a>, <a href="/runs/${run.id}/log">output.log</a>.</p>`
    return context.html(
      plainPage(run.recipe, 'The record of this run was written by another version of cc-ci, or is damaged.', raw),
      200,
    )
  })
  runs.get('/:id/run.json', (context) => file(context, RUN_FILES.record, false))
  runs.get('/:id/junit.xml', (context) => file(context, RUN_FILES.junit, true))
  runs.get('/:id/log', (context) => file(context, RUN_FILES.output, false))
  runs.get('/:id/card.png', async (context) => {
    const run = context.get('run')
    if (run.status === 'running')
      return context.text('This run goes on: there is a picture of its result when it has ended.\n', 404)
    try {
      const picture = await cards.of(run)
      return picture ? context.body(new Uint8Array(picture), 200, PNG) : missing(context)
    } catch (error) {
      if (!(error instanceof CardsBusyError) && !(error instanceof NoCardBrowserError)) throw error
      return context.text('No picture can be taken right now.\n', 503, { 'retry-after': '60' })
    }
  })
  runs.get('/:id/stream', (context) => {
    if (context.req.method === 'HEAD') return context.body(null, 200, { 'content-type': 'text/event-stream' })
    if (tails.watchers >= MOST_WATCHERS) return context.text('Too many watch already.\n', 503, { 'retry-after': '30' })
    const { id } = context.get('run')
    const folder = runDir(stateDir, id)
    const log = join(folder, RUN_FILES.output)
    const stamp = async (name: string) => {
      const found = await stat(join(folder, name)).catch(() => undefined)
      return found ? `${found.mtimeMs}-${found.size}` : '-'
    }
    const look = async () => {
      await index.refresh()
      const stamps = await Promise.all([stamp(RUN_FILES.record), stamp(RUN_FILES.journal)])
      return { ended: !(await isWriting(index.get(id), log)), stamp: stamps.join(' ') }
    }
    const from = startOf(context.req.header('last-event-id'), context.req.query('from'), 0)
    return streamRun(context, tails, { log, look, from })
  })
  runs.get('/:id/files/*', async (context) => {
    const { id } = context.get('run')
    const record = await readWholeRecord(stateDir, id)
    const asked = filesPath(context.req.path)
    // Only what the run itself has named as evidence: nobody looks around in its folder.
    if (asked === undefined || !record?.evidence.some((one) => one.file === asked)) return missing(context)
    return file(context, asked, false)
  })
  return runs
}

/** The name of a file in an address, each part decoded once. */
function filesPath(path: string): string | undefined {
  try {
    const parts = path.split('/files/').slice(1).join('/files/').split('/')
    return parts.map(decodeURIComponent).join('/')
  } catch {
    return undefined
  }
}
