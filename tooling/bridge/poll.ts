import { messageOf } from '@cc-ci/harness'
import { type Deciding, decide } from './decide.ts'
import { GiteaRefusedError } from './gitea/errors.ts'
import type { TouchedPr } from './gitea/schema.ts'
import type { Decision } from './store/runs.ts'

/** How far back each poll looks again (ms): Gitea tells whole seconds, and what it writes may be seen a moment later. */
const OVERLAP_MS = 10_000

/** What a poll is made with. */
export interface Polling extends Deciding {
  /** Told of each decision. */
  decided: (decision: Decision) => void
}

/**
 * Asks each organisation what changed since the last time, and decides about the comments of those pull requests. The next
 * poll begins where this one has decided everything.
 *
 * @throws {AggregateError} of what could not be decided; the rest was.
 */
export async function poll(polling: Polling): Promise<void> {
  const errors: unknown[] = []
  for (const organisation of polling.config.organisations) {
    errors.push(...(await pollOne(organisation, polling).catch((error: unknown) => [error])))
  }
  if (errors.length > 0) throw new AggregateError(errors, messageOf(errors[0]))
}

async function pollOne(organisation: string, polling: Polling): Promise<unknown[]> {
  const { gitea, store } = polling
  const cursor = store.cursor(organisation)
  const touched = await gitea.touched(organisation, (cursor?.since ?? Date.now()) - OVERLAP_MS)
  // Comments from before the first poll were made for nobody.
  const { began, since } = cursor ?? { began: touched.at, since: touched.at }
  if (!cursor) store.setCursor(organisation, touched.at)
  const errors: unknown[] = []
  for (const pr of touched.prs) {
    errors.push(...(await pollPr(pr, began, since, polling).catch((error: unknown) => [error])))
  }
  if (errors.length === 0 && touched.whole) store.setCursor(organisation, touched.at)
  return errors
}

async function pollPr(pr: TouchedPr, began: number, since: number, polling: Polling): Promise<unknown[]> {
  const place = { repo: pr.repository.full_name, pr: pr.number }
  const errors: unknown[] = []
  try {
    for (const comment of await polling.gitea.comments(place, since - OVERLAP_MS)) {
      try {
        const decision = await decide(comment, pr, began, polling)
        if (decision) polling.decided(decision)
      } catch (error) {
        errors.push(error)
      }
    }
  } catch (error) {
    // It was taken away in between.
    if (!(error instanceof GiteaRefusedError && error.status === 404)) errors.push(error)
  }
  return errors
}
