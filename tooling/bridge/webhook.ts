import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'

/** What of a delivery decides whether it is worth a look at Gitea; its text is never acted upon. */
const delivery = z.object({
  action: z.string(),
  is_pull: z.boolean(),
  comment: z.object({ user: z.object({ login: z.string() }) }),
  sender: z.object({ login: z.string() }),
})

/** Whether a body carries the signature that the secret gives it; takes as long for any signature. */
export function isSigned(body: Uint8Array, signature: string | undefined, secret: string): boolean {
  const right = createHmac('sha256', secret).update(body).digest()
  const given = Buffer.from(/^[0-9a-f]{64}$/i.test(signature ?? '') ? (signature ?? '') : '', 'hex')
  // Of another length it is compared all the same, with something that is never right.
  return timingSafeEqual(right, given.length === right.length ? given : Buffer.alloc(right.length)) && given.length > 0
}

/** Whether a delivery tells of a new comment on a pull request, by its author, who is not the bridge itself. */
export function isNewComment(event: string | undefined, body: Uint8Array, bot: string): boolean {
  if (event !== 'issue_comment') return false
  let json: unknown
  try {
    json = JSON.parse(Buffer.from(body).toString('utf8'))
  } catch {
    return false
  }
  const { success, data } = delivery.safeParse(json)
  if (!success || data.action !== 'created' || !data.is_pull) return false
  const { login } = data.sender
  return login === data.comment.user.login && login.toLowerCase() !== bot.toLowerCase()
}
