import type Docker from 'dockerode'
import { z } from 'zod'
import { stopStack } from '../../app/teardown.ts'
import { converge } from '../../docker/converge.ts'
import { execOk } from '../../docker/exec.ts'
import { STACK_LABEL } from '../../docker/labels.ts'
import { stackView } from '../../docker/stack-view.ts'
import { CcciError } from '../../errors.ts'
import { learnSecret } from '../../redact/secrets.ts'

/** A secret of an app as it can be made again. */
const keptSecret = z.object({
  name: z.string(),
  /** Its id in the swarm in which it was read: its value cannot change while it has that. */
  id: z.string(),
  labels: z.record(z.string(), z.string()),
  /** Base64. */
  value: z.string(),
})

export const keptSecrets = z.array(keptSecret)

export type KeptSecret = z.infer<typeof keptSecret>

/** The secrets of an app could not be read. */
export class SecretsUnreadableError extends CcciError {}

export interface SecretsRequest {
  stack: string
  /** The helper image. */
  image: string
  /** Those that were read before; they are not read again. */
  known: readonly KeptSecret[]
  timeoutMs: number
  signal?: AbortSignal | undefined
}

/** The secrets of a stack, by the names that swarm has for them. */
async function secretsOf(docker: Docker, stack: string) {
  const all = await docker.listSecrets()
  return all.flatMap(({ ID: id, Spec }) =>
    Spec?.Name?.startsWith(`${stack}_`) ? [{ id, name: Spec.Name, labels: Spec.Labels ?? {} }] : [],
  )
}

/**
 * Reads the values of an undeployed app's secrets. Swarm shows them to nobody but a service, so a service of ours is given
 * them for a moment. The values are learned.
 *
 * @throws {SecretsUnreadableError} and what `converge` throws.
 */
export async function readSecrets(docker: Docker, request: SecretsRequest): Promise<KeptSecret[]> {
  const { stack, known } = request
  const there = await secretsOf(docker, stack)
  const unread = there.filter(({ id }) => !known.some((secret) => secret.id === id))
  const values = unread.length > 0 ? await readValues(docker, unread, request) : []
  return there.map((secret) => {
    const value = known.find(({ id }) => id === secret.id)?.value ?? values[unread.indexOf(secret)]
    if (value !== undefined) return { ...secret, value }
    throw new SecretsUnreadableError({ happened: `The secret ${secret.name} could not be read.` })
  })
}

/** Keeps values out of whatever leaves this process. */
export function learnValues(values: readonly string[]): void {
  for (const value of values) learnSecret(Buffer.from(value, 'base64').toString('utf8'))
}

/** What a service is called that does nothing but have the secrets. */
const READER = 'cc-ci-secrets'

async function readValues(
  docker: Docker,
  secrets: readonly { id: string; name: string }[],
  { stack, image, timeoutMs, signal }: SecretsRequest,
): Promise<string[]> {
  const Labels = { [STACK_LABEL]: stack }
  const files = secrets.map(({ id, name }, index) => ({
    SecretID: id,
    SecretName: name,
    File: { Name: String(index), UID: '0', GID: '0', Mode: 0o400 },
  }))
  try {
    await docker.createService({
      Name: `${stack}_${READER}`,
      Labels,
      TaskTemplate: {
        ContainerSpec: { Image: image, Command: ['sleep', 'infinity'], User: '0', Init: true, Labels, Secrets: files },
        RestartPolicy: { Condition: 'none' },
      },
      Mode: { Replicated: { Replicas: 1 } },
      EndpointSpec: { Mode: 'dnsrr' },
    } as Docker.CreateServiceOptions)
    await converge(docker, stack, { timeoutMs, signal })
    const services = await stackView(docker, stack)
    const task = services.flatMap(({ tasks }) => tasks).find(({ state }) => state === 'running')
    const script = secrets.map((_, index) => `base64 -w0 /run/secrets/${index}; echo`).join('\n')
    const { stdout } = await execOk(docker, task?.containerId ?? '', ['sh', '-euc', script], { timeoutMs, signal })
    const values = stdout.split('\n').slice(0, secrets.length)
    learnValues(values)
    return values
  } finally {
    await stopStack(docker, stack, { timeoutMs })
  }
}

/** Makes the secrets of an undeployed app what they were: others are removed, missing ones and changed ones made again. */
export async function putSecretsBack(docker: Docker, stack: string, kept: readonly KeptSecret[]): Promise<void> {
  for (const { id } of await strangeSecrets(docker, stack, kept)) await docker.getSecret(id).remove()
  const there = await secretsOf(docker, stack)
  for (const { name, labels, value } of kept) {
    if (there.some((secret) => secret.name === name)) continue
    await docker.createSecret({ Name: name, Labels: { ...labels, [MADE_AGAIN]: 'yes' }, Data: value })
  }
}

/** Marks what was made again from a kept value: its id is another. */
const MADE_AGAIN = 'cc-ci.canonical'

/** The secrets of a stack that are not as they were kept. */
async function strangeSecrets(docker: Docker, stack: string, kept: readonly KeptSecret[]) {
  const there = await secretsOf(docker, stack)
  return there.filter(
    ({ id, name, labels }) => !kept.some((one) => one.id === id || (one.name === name && MADE_AGAIN in labels)),
  )
}

/** Whether all secrets are there as they were kept, and no others. */
export async function hasSecrets(docker: Docker, stack: string, kept: readonly KeptSecret[]): Promise<boolean> {
  const there = await secretsOf(docker, stack)
  return there.length === kept.length && (await strangeSecrets(docker, stack, kept)).length === 0
}
