import { z } from 'zod'

/** A version of a recipe, and the commit it was deployed from. */
export const versionAt = z.object({
  /** Empty where the recipe has none. */
  version: z.string(),
  commit: z.string(),
})

export type VersionAt = z.infer<typeof versionAt>

/** What one channel has made of an alert. */
const delivery = z.object({
  /** ISO time; absent until it was taken. */
  deliveredAt: z.string().optional(),
  tries: z.number().int().nonnegative(),
  /** Why the last try failed. */
  lastError: z.string().optional(),
})

/** Something that a person must know of, as it stands on the disk. */
export const alertSchema = z.object({
  format: z.literal(1),
  /** The same however often it is delivered: a receiver tells a double by it. */
  id: z.string().regex(/^[\w.+-]+$/),
  /** ISO time at which it was raised. */
  time: z.string(),
  /** What it is about, such as `keycloak`. */
  subject: z.string(),
  /** Why it was raised, in a word or two: the same subject and cause are not told of twice while nothing changed. */
  cause: z.string(),
  /** One line. */
  title: z.string(),
  text: z.string(),
  attempted: versionAt.optional(),
  lastGood: versionAt.optional(),
  /** Whether the app is up and well at its last good version. */
  recovered: z.boolean().optional(),
  /** A folder or file with what was seen. */
  evidence: z.string().optional(),
  /** What makes it the same as another one, beside subject and cause. */
  key: z.string(),
  delivery: z.record(z.string(), delivery),
})

/** A durable record of something that a person must know of. */
export type Alert = z.infer<typeof alertSchema>

/** What is to be told. */
export interface AlertDraft
  extends Pick<Alert, 'subject' | 'cause' | 'title' | 'text' | 'attempted' | 'lastGood' | 'recovered' | 'evidence'> {
  /** Tells events apart which are otherwise the same. */
  event?: string | undefined
}

/** What a receiver is given. */
export type AlertMessage = Omit<Alert, 'key' | 'delivery'>

/** An alert as it is delivered. */
export function alertMessage({ key: _, delivery: __, ...message }: Alert): AlertMessage {
  return message
}
