import { expect, test } from 'vitest'
import type { Target } from '../engine/engine.ts'
import { runsTarget, versionLabels } from './version-labels.ts'

const commit = '0123456789abcdef0123456789abcdef01234567'
const tag = { text: '1.0.0+1', semver: '1.0.0', upstream: '1', tag: '1.0.0+1', commit, annotated: true }
const published: Target = { ref: undefined, commit, tag, version: '1.0.0+1' }
const untagged: Target = { ...published, tag: undefined }

const labels = (version: string, chaosVersion = '') =>
  versionLabels(
    {
      'coop-cloud.st.version': version,
      'coop-cloud.st.chaos': String(chaosVersion !== ''),
      'coop-cloud.st.chaos-version': chaosVersion,
    },
    'st',
  )

test.each([
  ['a published version by its label', labels('1.0.0+1'), published, undefined, true],
  ['a published version that shows another label', labels('2.0.0+1'), published, undefined, false],
  ['a published version that somebody deployed in chaos', labels('1.0.0+1', '01234567'), published, undefined, false],
  ['a commit by its sha', labels('', '01234567'), untagged, undefined, true],
  ['a commit that shows another sha', labels('', '89abcdef'), untagged, undefined, false],
  ['a commit whose tree was changed by nobody knows whom', labels('', '01234567+U'), untagged, undefined, false],
  ['a commit that was deployed as a version', labels('1.0.0+1'), untagged, undefined, false],
  ['a tree that the engine changed', labels('1.0.0+1', '01234567+U'), published, '01234567+U', true],
  ['a tree that the engine says it changed, and did not', labels('', '01234567'), published, '01234567+U', false],
  ['an app without labels', versionLabels({}, 'st'), published, undefined, false],
] as const)('%s', (_, seen, target, chaosVersion, right) => {
  expect(runsTarget(seen, target, chaosVersion)).toBe(right)
})
