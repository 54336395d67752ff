import fc from 'fast-check'
import { expect, test } from 'vitest'
import { paramsOf, runParams } from '../params.ts'
import { PipelineParamsError, pipelineRequest } from './request.ts'

const PARAMS = {
  RECIPE: 'custom-html',
  PR: '7',
  REF: 'refs/pull/7/head',
  SHA: 'b'.repeat(40),
  QUICK: '0',
  RUN_ID: '20260130-101502-custom-html-3f9a2c',
}

test('what the bridge sends becomes a call of cc-ci, whatever else stands in the environment', () => {
  expect(pipelineRequest({ ...PARAMS, PATH: '/bin', CCCI_RUN_ID: 'another' })).toEqual({
    args: ['run', 'custom-html', '--ref', 'b'.repeat(40), '--pr', '7'],
    env: { CCCI_RUN_ID: '20260130-101502-custom-html-3f9a2c', CCCI_QUICK: '' },
  })
  expect(pipelineRequest({ ...PARAMS, QUICK: '1' }).env.CCCI_QUICK).toBe('1')
})

test.each([
  ['RECIPE', '../etc'],
  ['RECIPE', '--json'],
  ['RECIPE', 'a b'],
  ['RECIPE', 'x\nPATH=/tmp'],
  ['RECIPE', 'https://example.org/x.git'],
  ['RECIPE', '$(id)'],
  ['RECIPE', ''],
  ['PR', '0'],
  ['PR', '7;id'],
  ['PR', '-1'],
  ['REF', 'refs/pull/8/head'],
  ['REF', 'main'],
  ['SHA', 'main'],
  ['SHA', 'B'.repeat(40)],
  ['SHA', `${'b'.repeat(40)}\n`],
  ['QUICK', 'yes'],
  ['RUN_ID', '../../x'],
  ['RUN_ID', '20260130-101502-custom-html-3f9a2c/..'],
])('%s is not %j', (name, value) => {
  expect(() => pipelineRequest({ ...PARAMS, [name]: value })).toThrow(PipelineParamsError)
  expect(() => pipelineRequest({ ...PARAMS, [name]: value })).toThrow(`parameter ${name} is`)
})

test.each(Object.keys(PARAMS))('%s must be there', (name) => {
  expect(() => pipelineRequest({ ...PARAMS, [name]: undefined })).toThrow(new RegExp(`${name} is missing`))
})

test('the bridge sends nothing that the pipeline would refuse, and refuses to send the rest', () => {
  const any = fc.record({
    runId: fc.oneof(fc.constant(PARAMS.RUN_ID), fc.string()),
    recipe: fc.oneof(fc.constant('n8n'), fc.string()),
    pr: fc.oneof(fc.integer({ min: 1, max: 99_999 }), fc.integer(), fc.double()),
    sha: fc.oneof(fc.constant(PARAMS.SHA), fc.string()),
    quick: fc.boolean(),
  })
  fc.assert(
    fc.property(any, (run) => {
      let sent: Record<string, string> | undefined
      try {
        sent = paramsOf(run)
      } catch {
        return
      }
      expect(Object.keys(sent).sort()).toEqual(Object.keys(runParams.shape).sort())
      expect(pipelineRequest(sent).args[1]).toBe(run.recipe)
    }),
  )
})
