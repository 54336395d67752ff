import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { abraShExports } from './abra-sh.ts'
import { type EnvFile, parseEnv } from './env-file.ts'

/** The files of a recipe that say what its variables are. */
export interface RecipeSample {
  /** The text of `.env.sample`; `undefined` when there is none. */
  text: string | undefined
  sample: EnvFile
  /** What abra.sh exports. */
  exports: Record<string, string>
}

/** For which app a recipe is read. */
export interface SampleRequest {
  domain: string
  stack: string
  /** Variables on top of `.env.sample`. */
  env: Record<string, string>
}

/** Reads `.env.sample` and `abra.sh` in a recipe's folder; either may be missing. */
export async function readSample(dir: string): Promise<RecipeSample> {
  const read = async (name: string) =>
    existsSync(join(dir, name)) ? await readFile(join(dir, name), 'utf8') : undefined
  const [text, abraSh] = await Promise.all([read('.env.sample'), read('abra.sh')])
  return { text, sample: parseEnv(text ?? ''), exports: abraShExports(abraSh ?? '') }
}

/** The variables that a recipe's compose files are filled in with, before the app has an `.env` of its own. */
export function sampleVariables({ sample, exports }: RecipeSample, request: SampleRequest): Record<string, string> {
  return { ...sample.values, ...request.env, ...exports, DOMAIN: request.domain, STACK_NAME: request.stack }
}
