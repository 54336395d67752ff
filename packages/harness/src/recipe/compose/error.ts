import { RecipeError } from '../../errors.ts'

/** What a ComposeError is about. */
export interface ComposeFault {
  /** The compose file, relative to the recipe. */
  file: string
  /** The place inside it, such as `services.app.image`. */
  path?: string | undefined
  line?: number | undefined
  happened: string
  lastSeen?: string | undefined
  todo?: string | undefined
  cause?: unknown
}

/** The recipe's compose files are not what can be deployed. */
export class ComposeError extends RecipeError {
  readonly file: string
  readonly path: string | undefined
  readonly line: number | undefined

  constructor(fault: ComposeFault) {
    const where = `${fault.file}${fault.line === undefined ? '' : `:${fault.line}`}`
    super({
      happened: `${where}: ${fault.path ? `${fault.path} ` : ''}${fault.happened}`,
      lastSeen: fault.lastSeen,
      todo: fault.todo,
      cause: fault.cause,
    })
    this.file = fault.file
    this.path = fault.path
    this.line = fault.line
  }
}

/** A compose file that `COMPOSE_FILE` lists, or `compose.yml` itself, is not in the recipe. */
export class MissingComposeFileError extends ComposeError {}
