const BODY = '[_a-z][_a-z0-9]*(?::?[-?][^}]*)?'
// Like docker/cli, the bare form takes defaults too: `$A-b` is A or b. An invalid `$` matches alone.
const TEMPLATE = new RegExp(`\\$(?:(\\$)|(${BODY})|\\{(${BODY})\\}|)`, 'gi')

/** A template that cannot be filled in; the message is docker's own. */
export class TemplateError extends Error {}

/** The separators in the order in which docker/cli looks for them. */
const SEPARATORS = [':-', '-', ':?', '?'] as const

function split(body: string): { name: string; separator: (typeof SEPARATORS)[number] | undefined; rest: string } {
  for (const separator of SEPARATORS) {
    const at = body.indexOf(separator)
    if (at !== -1) return { name: body.slice(0, at), separator, rest: body.slice(at + separator.length) }
  }
  return { name: body, separator: undefined, rest: '' }
}

/**
 * Fills in a compose template by the rules of docker/cli (not of compose-spec): `$A`, `${A}`, `${A:-default}`, `${A-default}`,
 * `${A:?message}`, `${A?message}` and `$$`. An unset variable is empty; defaults are taken literally, never expanded.
 *
 * @throws {TemplateError} for a stray `$` and for a required variable without a value.
 */
export function interpolate(template: string, env: Record<string, string>): string {
  // As in docker/cli, a fault counts only if no variable that can be filled in comes after it.
  let fault: string | undefined
  const filled = template.replace(TEMPLATE, (_, escaped?: string, named?: string, braced?: string) => {
    if (escaped) return escaped
    const body = named || braced
    fault = body ? undefined : `Invalid template: ${JSON.stringify(template)}`
    if (!body) return ''
    const { name, separator, rest } = split(body)
    const value = Object.hasOwn(env, name) ? env[name] : undefined
    if (separator === ':-') return value || rest
    if (separator === '-') return value ?? rest
    const missing = separator === ':?' ? !value : separator === '?' && value === undefined
    if (missing) fault = `required variable ${name} is missing a value: ${rest}`
    return value ?? ''
  })
  if (fault !== undefined) throw new TemplateError(fault)
  return filled
}

/** The names of the variables that a template mentions, in order. */
export function templateVariables(template: string): string[] {
  return [...template.matchAll(TEMPLATE)].flatMap(([, , named, braced]) => {
    const body = named || braced
    return body ? [split(body).name] : []
  })
}
