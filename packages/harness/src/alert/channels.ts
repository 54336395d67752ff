import { createHmac } from 'node:crypto'
import { messageOf } from '../errors.ts'
import { type ProgramError, run } from '../process/run.ts'
import { learnSecret } from '../redact/secrets.ts'
import type { Settings } from '../settings/schema.ts'
import { type Alert, alertMessage } from './alert.ts'

/** A way to tell a person. */
export interface AlertChannel {
  readonly name: 'command' | 'webhook'
  /** Hands an alert over. @throws when nobody has taken it. */
  deliver(alert: Alert): Promise<void>
}

/** How long a receiver may take, in milliseconds. */
const TIMEOUT_MS = 30_000

/** The settings of this room. */
export type AlertSettings = Pick<Settings, 'alertCommand' | 'alertWebhook' | 'alertSecret'>

/** The channels that the settings ask for. What lets us in there is learned. */
export function alertChannels({ alertCommand, alertWebhook, alertSecret }: AlertSettings): AlertChannel[] {
  // Such addresses often are secrets themselves.
  for (const value of [alertWebhook, alertSecret]) if (value !== undefined) learnSecret(value)
  return [
    ...(alertCommand === undefined ? [] : [commandChannel(alertCommand)]),
    ...(alertWebhook === undefined ? [] : [webhookChannel(alertWebhook, alertSecret)]),
  ]
}

const bodyOf = (alert: Alert): string => JSON.stringify(alertMessage(alert))

/** A shell command that gets the alert as JSON on its standard input; exit code 0 says that it has taken it. */
const commandChannel = (command: string): AlertChannel => ({
  name: 'command',
  async deliver(alert) {
    const env = { CCCI_ALERT_SECRET: undefined, CCCI_ALERT_WEBHOOK: undefined }
    const hook = run('sh', ['-c', command], { input: bodyOf(alert), env, timeoutMs: TIMEOUT_MS })
    await hook.catch((error: ProgramError) => {
      throw new Error(error.told?.lastSeen ? `${error.told.happened} ${error.told.lastSeen}` : messageOf(error))
    })
  },
})

/** The signature by which a receiver knows that an alert is ours: `sha256=` and the HMAC of the body, in hex. */
export const alertSignature = (secret: string, body: string): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`

/** An address that the alert is posted to as JSON; any 2xx says that it was taken. Redirects are not followed. */
const webhookChannel = (url: string, secret: string | undefined): AlertChannel => ({
  name: 'webhook',
  async deliver(alert) {
    const body = bodyOf(alert)
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'cc-ci',
      'x-cc-ci-alert': alert.id,
      ...(secret === undefined ? {} : { 'x-cc-ci-signature': alertSignature(secret, body) }),
    }
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const answer = await fetch(url, { method: 'POST', body, headers, redirect: 'manual', signal }).catch((error) => {
      throw new Error(`no answer: ${messageOf(error.cause ?? error)}`)
    })
    await answer.body?.cancel()
    if (!answer.ok) throw new Error(`it answered ${answer.status}`)
  },
})
