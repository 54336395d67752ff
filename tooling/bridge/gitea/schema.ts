import { z } from 'zod'

/** What the bridge reads of Gitea's answers, and no more. */

const user = z.object({ login: z.string() })

/** A pull request of a list over a whole organisation. */
export const touchedPr = z.object({
  number: z.number().int().positive(),
  updated_at: z.iso.datetime({ offset: true }),
  repository: z.object({ full_name: z.string().regex(/^[\w.-]+\/[\w.-]+$/), owner: z.string(), name: z.string() }),
})

export const comment = z.object({
  id: z.number().int().positive(),
  // The account may be gone.
  user: user.nullish(),
  body: z.string(),
  created_at: z.iso.datetime({ offset: true }),
  updated_at: z.iso.datetime({ offset: true }),
})

export const pullRequest = z.object({
  number: z.number().int().positive(),
  state: z.string(),
  merged: z.boolean().nullish(),
  head: z.object({ sha: z.string().regex(/^[0-9a-f]{40}$/) }),
  base: z.object({ repo: z.object({ full_name: z.string(), clone_url: z.url() }).nullish() }),
})

export const madeComment = z.object({ id: z.number().int().positive() })

/** The states that a commit's status may have; Gitea itself takes any text. */
export const statusState = z.enum(['pending', 'success', 'error', 'failure', 'warning', 'skipped'])

export type TouchedPr = z.infer<typeof touchedPr>
export type Comment = z.infer<typeof comment>
export type PullRequest = z.infer<typeof pullRequest>
export type StatusState = z.infer<typeof statusState>
