import { UsageError } from '@cc-ci/harness'
import { type RunParams, runParams } from '../params.ts'

/** A parameter of the build is missing or has a value it cannot have. */
export class PipelineParamsError extends UsageError {}

/** What a build of the recipe pipeline is to run. */
export interface PipelineRequest {
  /** The arguments of `cc-ci`. */
  args: string[]
  env: Record<string, string>
}

const NAMES = Object.keys(runParams.shape) as (keyof RunParams)[]

/**
 * Reads the parameters of a build out of its environment, and trusts none of them: whoever may start builds may send any.
 *
 * @throws {PipelineParamsError} naming the parameter.
 */
export function pipelineRequest(env: NodeJS.ProcessEnv): PipelineRequest {
  const given = Object.fromEntries(NAMES.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])))
  const { success, data, error } = runParams.safeParse(given)
  if (!success) {
    const [issue] = error.issues
    const name = String(issue?.path[0] ?? '?')
    throw new PipelineParamsError({
      happened: `The build's parameter ${name} is ${JSON.stringify(given[name]) ?? 'missing'}, which cannot be used.`,
      todo: `The bridge sends ${NAMES.join(', ')}; a build by hand needs all of them.`,
    })
  }
  if (data.REF !== `refs/pull/${data.PR}/head`) {
    throw new PipelineParamsError({
      happened: `The build's parameter REF is "${data.REF}", and PR is ${data.PR}.`,
      todo: 'Both must name the same pull request.',
    })
  }
  return {
    args: ['run', data.RECIPE, '--ref', data.SHA, '--pr', data.PR],
    env: { CCCI_RUN_ID: data.RUN_ID, CCCI_QUICK: data.QUICK === '1' ? '1' : '' },
  }
}
