import { existsSync } from 'node:fs'
import { guardOutput } from './process-output.ts'
import { Redactor } from './redactor.ts'

/** The secrets of this process, learned as they are made or read. */
export const secrets = new Redactor()

/** Names of variables whose values are secrets. */
const SECRET_NAME = /PASS|SECRET|TOKEN|CREDENTIAL|PRIVATE|API_?KEY/i

/** What such a variable names when it holds no secret: a version, a name, a file, a length. */
const NO_SECRET = /_(VERSION|NAME|FILE|PATH|DIR|LENGTH|ENABLED|URL)$/i

/** Shorter values are words (`true`, `admin`) that would be taken out everywhere. */
const SHORTEST = 8

/**
 * From now on `value` is kept out of whatever leaves this process. False when it is too short (fewer than 8 characters): such
 * a value would be taken out of every word and message that holds it, so whoever made it should say that it is not filtered.
 */
export function learnSecret(value: string): boolean {
  return value.trim().length >= SHORTEST && secrets.learn(value)
}

/** Whether a variable of that name holds a secret, as far as a name can tell. */
export const isSecretName = (name: string): boolean => SECRET_NAME.test(name) && !NO_SECRET.test(name)

/** Learns the values of those variables whose names speak of secrets. */
export function learnVariables(variables: Record<string, string | undefined>): void {
  for (const [name, value = ''] of Object.entries(variables)) {
    if (!isSecretName(name)) continue
    if (!existsSync(value)) learnSecret(value)
  }
}

/** From now on no secret leaves this process, those of its environment included. Idempotent. */
export function guardThisProcess(): void {
  learnVariables(process.env)
  guardOutput(secrets, process)
}
