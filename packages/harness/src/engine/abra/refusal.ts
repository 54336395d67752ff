import type { EngineApp } from '../engine.ts'
import { SecretNotInsertedError } from '../swarm/secrets.ts'
import { AbraError, AbraRefusedError } from './errors.ts'

/** What abra refuses to deploy is the recipe's doing, unless it never came to look at the recipe. */
export function refusal(app: EngineApp, error: unknown): unknown {
  if (!(error instanceof AbraError) || error.fata === undefined || NOT_THE_RECIPE.test(error.fata)) return error
  const [, secret] = /secret not inserted \(#generate=false\): (\S+)/.exec(error.fata) ?? []
  if (secret !== undefined) {
    return new SecretNotInsertedError({
      happened: `The secret "${secret}" of ${app.recipe} is not inserted (# generate=false).`,
      lastSeen: error.fata,
      todo: `Give its value in recipe.ts: secrets: { ${JSON.stringify(secret)}: '…' }.`,
      cause: error,
    })
  }
  return new AbraRefusedError({
    happened: `abra refuses to deploy ${app.stack}.`,
    lastSeen: error.fata,
    todo: error.told.todo ?? 'Mend what abra names in the recipe.',
    cause: error,
  })
}

const NOT_THE_RECIPE =
  /already deployed|locally unstaged changes|inappropriate ioctl|docker daemon|connection refused|no such host|unable to (connect|resolve)|permission denied/i
