import { createHash } from 'node:crypto'

/** What makes a run's app its own: the same three always give the same domain. */
export interface RunIdentity {
  recipe: string
  pr: string | undefined
  ref: string | undefined
}

/**
 * The domain of a run's app: `<first 4 of recipe>-<6 hex of hash(recipe|pr|ref)>.<base>` (requirements L1). Short,
 * because swarm's config and secret names, which carry it, end at 64 characters.
 */
export function runDomain(identity: RunIdentity, baseDomain: string): string {
  const { recipe, pr, ref } = identity
  const hash = createHash('sha256')
    .update(`${recipe}|${pr ?? ''}|${ref ?? ''}`)
    .digest('hex')
  const start = recipe
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
    .slice(0, 4)
    .replace(/^warm$/, 'war')
  return `${start || 'app'}-${hash.slice(0, 6)}.${baseDomain}`
}

/** Whether what is called so outlives every run: canonicals and the apps that all runs share. No run's app is called so. */
export const outlivesRuns = (stackOrDomain: string): boolean => stackOrDomain.startsWith('warm-')

/** The stack of a domain: dots become underscores, hyphens stay (abra's rule). */
export function stackName(domain: string): string {
  return domain.replaceAll('.', '_')
}
