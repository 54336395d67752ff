import { RecipeError } from '../errors.ts'

/** A name that Docker would not take. */
export class NameTooLongError extends RecipeError {}

/** Swarm's limit for the names of configs, secrets and services, in characters. */
export const MAX_NAME_LENGTH = 64

/**
 * Lets a name through that swarm takes.
 *
 * @throws {NameTooLongError} naming the object and its length.
 */
export function checkNameLength(kind: 'secret' | 'config' | 'service', name: string): void {
  if (name.length <= MAX_NAME_LENGTH) return
  throw new NameTooLongError({
    happened: `The ${kind} name "${name}" has ${name.length} characters; swarm takes at most ${MAX_NAME_LENGTH}.`,
    todo: `Give the ${kind} a shorter key in the compose file, or the app a shorter domain.`,
  })
}
