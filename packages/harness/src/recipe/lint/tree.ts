import { readFileSync, statSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { ComposeDocument, isMapping, type Mapping, type Path } from '../compose/document.ts'
import { ComposeError } from '../compose/error.ts'
import { type ComposeView, readCompose } from '../compose-view.ts'
import { type RecipeSample, readSample, type SampleRequest, sampleVariables } from '../sample.ts'

/** One compose file of a recipe, whether the default deployment uses it or not. */
export interface LintFile {
  /** Relative to the recipe. */
  file: string
  /** Whether `.env.sample` as it stands deploys it. */
  isDefault: boolean
  doc: ComposeDocument
}

/** A recipe's tree as lint reads it: as much of it as can be read. */
export interface LintTree extends RecipeSample {
  dir: string
  env: Record<string, string>
  /** Every `compose*.yml`, those of the default deployment first. */
  files: LintFile[]
  /** The default deployment; `undefined` when it cannot be loaded. */
  view: ComposeView | undefined
  /** Why it cannot be loaded, or why another compose file is no YAML. */
  faults: ComposeError[]
}

/** Reads a recipe's tree for lint. What cannot be read is among the faults. */
export async function readLintTree(dir: string, request: SampleRequest): Promise<LintTree> {
  const sample = await readSample(dir)
  const env = sampleVariables(sample, request)
  const faults: ComposeError[] = []
  const view = await attempt(() => readCompose({ dir, env, stack: request.stack }), faults)
  const listed = (env.COMPOSE_FILE || 'compose.yml').split(':').filter(Boolean)
  const defaults = listed.map((file) => relative(dir, join(dir, file)))
  const others: string[] = []
  for await (const found of glob(['compose*.{yml,yaml}', '*/compose*.{yml,yaml}'], { cwd: dir })) {
    if (!defaults.includes(found)) others.push(found)
  }
  const files: LintFile[] = []
  for (const file of [...defaults, ...others.sort()]) {
    const text = textOf(dir, file)
    if (text === undefined) continue
    const isDefault = defaults.includes(file)
    const own: ComposeError[] = []
    const doc = await attempt(() => new ComposeDocument(file, text, env), own)
    if (doc) files.push({ file, isDefault, doc })
    // An overlay that nobody uses here may well need variables that are not set.
    else if (!isDefault) faults.push(...own.filter((fault) => fault.path === undefined))
  }
  return { ...sample, dir, env, files, view, faults }
}

/** The text of a file of a recipe (in latin1, byte for byte); `undefined` when there is none, or it is no file. */
export function textOf(dir: string, file: string, encoding: 'utf8' | 'latin1' = 'utf8'): string | undefined {
  const path = join(dir, file)
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path, encoding) : undefined
}

async function attempt<T>(read: () => T | Promise<T>, faults: ComposeError[]): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof ComposeError)) throw error
    faults.push(error)
    return undefined
  }
}

/** An entry of a section, in one file. */
export interface Entry {
  file: LintFile
  key: string
  /** With variables filled in, and as written. */
  data: Mapping
  raw: Mapping
  path: Path
  line: number | undefined
}

const mappingOf = (value: unknown): Mapping => (isMapping(value) ? value : {})

/** Every entry of a section (`services`, `configs`, …) in the files. */
export function entriesOf(files: readonly LintFile[], section: string): Entry[] {
  return files.flatMap((file) => {
    const raw = mappingOf(file.doc.raw[section])
    const filled = mappingOf(file.doc.data[section])
    return Object.keys(raw).map((key) => {
      const path = [section, key]
      return {
        file,
        key,
        data: mappingOf(filled[key]),
        raw: mappingOf(raw[key]),
        path,
        line: file.doc.lineOf(path),
      }
    })
  })
}

/** Labels or variables written as a map or as a list of `key=value`, as far as they can be read. */
export function pairsOf(value: unknown): [key: string, value: string, at: string | number][] {
  if (Array.isArray(value)) {
    return value.flatMap((entry, index): [string, string, number][] => {
      if (typeof entry !== 'string') return []
      const at = entry.indexOf('=')
      return [at === -1 ? [entry, '', index] : [entry.slice(0, at), entry.slice(at + 1), index]]
    })
  }
  return Object.entries(mappingOf(value)).map(([key, entry]) => [key, entry === null ? '' : String(entry), key])
}

/** The labels under `deploy:` of an entry of `services`. */
export const deployLabelsOf = ({ data }: Entry): ReturnType<typeof pairsOf> => pairsOf(mappingOf(data.deploy).labels)

/** The first line of a text that matches, from 1. */
export function lineMatching(text: string | undefined, pattern: RegExp): number | undefined {
  const index = text?.split('\n').findIndex((line) => pattern.test(line)) ?? -1
  return index === -1 ? undefined : index + 1
}
