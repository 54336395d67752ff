import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readCompose } from './compose-view.ts'
import { timeoutLabel, versionLabel } from './labels.ts'

const dir = mkdtempSync(join(tmpdir(), 'ccci-labels-'))
afterAll(() => rmSync(dir, { recursive: true }))

async function labels(list: string[], elsewhere: string[] = []): Promise<[string | undefined, number | undefined]> {
  const service = (entries: string[]) => `{image: x, deploy: {labels: ${JSON.stringify(entries)}}}`
  writeFileSync(join(dir, 'compose.yml'), `services: {app: ${service(list)}, db: ${service(elsewhere)}}`)
  const compose = await readCompose({ dir, env: {}, stack: 'st' })
  return [versionLabel(compose, 'st'), timeoutLabel(compose, 'st')]
}

test('version and timeout are read from the labels of the service app', async () => {
  expect(
    await labels(['coop-cloud.${STACK_NAME}.version=1.0.3+1.0.3', 'coop-cloud.${STACK_NAME}.timeout=${TIMEOUT:-300}']),
  ).toEqual(['1.0.3+1.0.3', 300])
})

test('an empty version, one on another service, one of another stack, and a timeout that is no number are none', async () => {
  expect(await labels(['coop-cloud.st.version=', 'coop-cloud.st.timeout=soon'])).toEqual([undefined, undefined])
  expect(await labels(['coop-cloud.other.version=1.0.0+1'], ['coop-cloud.st.version=1.0.0+1'])).toEqual([
    undefined,
    undefined,
  ])
})
