import type { ComposeView } from './compose-view.ts'
import type { EnvFile } from './env-file.ts'
import { versionLabel } from './labels.ts'

/** What to look at for a recipe's warnings. */
export interface WarningRequest {
  /** What the recipe goes by: the name of its repository. */
  recipe: string
  sample: EnvFile
  compose: ComposeView
  stack: string
  /** The version of the tag that is checked out, if it is one. */
  tag: string | undefined
}

/** What a maintainer should know of a recipe although it can be deployed: what is ignored, and what contradicts itself. */
export function recipeWarnings(request: WarningRequest): string[] {
  return [
    ...strayLabels(request.compose),
    ...templated(request.compose),
    ...wrongType(request),
    ...versionLabels(request),
  ]
}

function strayLabels(compose: ComposeView): string[] {
  return Object.values(compose.services)
    .filter((service) => Object.keys(service.strayLabels).length > 0)
    .map(
      (service) =>
        `labels of "${service.name}" outside deploy: are ignored by swarm: ${Object.keys(service.strayLabels).join(', ')}`,
    )
}

function templated(compose: ComposeView): string[] {
  return Object.values(compose.services)
    .filter((service) => service.templatedFields.length > 0)
    .map(
      (service) =>
        `"${service.name}" has a variable in ${service.templatedFields.join(', ')}: abra may check the form of such a field before it fills it in, and refuse it`,
    )
}

function wrongType({ recipe, sample }: WarningRequest): string[] {
  const [type] = (sample.values.TYPE ?? sample.values.RECIPE ?? '').split(':')
  if (!type || type === recipe) return []
  return [`.env.sample says TYPE=${type}, and the recipe is "${recipe}": abra would look for a recipe "${type}"`]
}

function versionLabels({ compose, stack, tag }: WarningRequest): string[] {
  const label = versionLabel(compose, stack)
  if (label === undefined) {
    const key = `coop-cloud.${stack}.version`
    const other = Object.values(compose.services).find(({ deployLabels }) => deployLabels[key])
    return other ? [`the version label stands on "${other.name}", and abra reads it from "app"`] : []
  }
  if (tag === undefined || label === tag) return []
  return [`the version label says ${label} at the tag ${tag}; the tag counts`]
}
