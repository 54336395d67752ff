import { CcciError } from '@cc-ci/harness'

/** Gitea could not be asked: it is away, overloaded, or answers with an error of its own. Asking again later helps. */
export class GiteaAwayError extends CcciError {}

/** Gitea refused, or answered what it never should. Somebody must do something. */
export class GiteaRefusedError extends CcciError {
  readonly status: number

  constructor(status: number, happened: string, lastSeen: string, todo?: string) {
    super({ happened, lastSeen, todo })
    this.status = status
  }
}
