import { join } from 'node:path'
import { z } from 'zod'
import { namesIn, readJson } from './read-json.ts'

const time = z.iso.datetime()
const text = z.string()

const canonical = z.object({
  recipe: text.optional(),
  version: text,
  commit: text.optional(),
  domain: text.optional(),
  made: z.object({ how: text, from: text.optional(), runId: text.optional(), at: time }).optional(),
  takenAt: time.optional(),
})

const lastGood = z.object({ version: text, commit: text.optional(), since: time.optional(), at: time.optional() })
const manifest = z.object({ recipe: text, version: text, commit: text.optional(), takenAt: time })
const use = z.object({ runId: text.optional(), step: text.optional(), why: text.optional() })

/** Something that outlives runs: the canonical of a recipe, or an app that is shared by all. */
export interface WarmApp {
  /** The name of its folder: the recipe's, as a rule. */
  name: string
  recipe: string
  kind: 'canonical' | 'shared app'
  version: string
  commit?: string | undefined
  /** Since when it is at that version. */
  since?: string | undefined
  /** How a canonical was made, in words, and by which run. */
  made?: string | undefined
  madeBy?: string | undefined
  /** When its snapshot was taken. */
  snapshotAt?: string | undefined
  /** Who uses it right now. */
  usedBy?: string | undefined
  /** What is damaged: it is of no use until it was put back. */
  damaged?: string | undefined
}

async function warmApp(warm: string, name: string): Promise<WarmApp | undefined> {
  const folder = join(warm, name)
  const [known, good, snapshot, inUse] = await Promise.all([
    readJson(join(folder, 'canonical.json'), canonical),
    readJson(join(folder, 'last-good.json'), lastGood),
    readJson(join(folder, 'snapshot', 'manifest.json'), manifest),
    readJson(join(folder, 'in-use.json'), use),
  ])
  const damaged = inUse?.step === 'damaged' ? (inUse.why ?? 'nobody knows what') : undefined
  const about = {
    name,
    snapshotAt: snapshot?.takenAt ?? known?.takenAt,
    usedBy: inUse && !damaged ? (inUse.runId ?? 'somebody') : undefined,
    damaged,
  }
  if (known) {
    const { recipe = snapshot?.recipe ?? name, version, commit, made } = known
    const how = made && [made.how, made.from && `from ${made.from}`].filter(Boolean).join(' ')
    return {
      ...about,
      recipe,
      kind: 'canonical',
      version,
      commit,
      since: made?.at ?? known.takenAt,
      made: how,
      madeBy: made?.runId,
    }
  }
  const stands = good ?? snapshot
  if (!stands) return undefined
  const since = good ? (good.since ?? good.at) : snapshot?.takenAt
  return {
    ...about,
    recipe: snapshot?.recipe ?? name,
    kind: 'shared app',
    version: stands.version,
    commit: stands.commit,
    since,
  }
}

/** What is warm on this host, by name. */
export async function warmApps(stateDir: string): Promise<WarmApp[]> {
  const warm = join(stateDir, 'warm')
  const apps = await Promise.all((await namesIn(warm, 'folder')).map((name) => warmApp(warm, name)))
  return apps.flatMap((app) => app ?? [])
}
