import type { GiteaConfig } from './config.ts'
import type { Gitea } from './gitea/client.ts'
import { GiteaRefusedError } from './gitea/errors.ts'
import type { Comment, TouchedPr } from './gitea/schema.ts'
import { commandIn } from './grammar.ts'
import type { Log } from './log.ts'
import { recipeParam } from './params.ts'
import type { Decision, RunStore } from './store/runs.ts'

const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()

/** What a decision is made with. */
export interface Deciding {
  gitea: Gitea
  store: RunStore
  config: GiteaConfig
  log: Log
}

/**
 * Decides about one comment of an open pull request, once and for all: a run, an answer, or nothing. Who may is asked of
 * Gitea now, and the head of the pull request is pinned now.
 *
 * @param began comments from before this moment (ms) are from before the bridge.
 * @returns what was decided; nothing for a comment that asks for nothing, or was decided before.
 * @throws {GiteaAwayError | GiteaRefusedError} it is not decided yet.
 */
export async function decide(
  comment: Comment,
  { repository, number: pr }: TouchedPr,
  began: number,
  { gitea, store, config, log }: Deciding,
): Promise<Decision | undefined> {
  const { id, user, body } = comment
  const repo = repository.full_name
  // Who may write to a repository may edit anybody's comment, and it stays that person's by name.
  if (comment.created_at !== comment.updated_at || Date.parse(comment.created_at) < began) return undefined
  if (!user || same(user.login, config.bot)) return undefined
  const command = commandIn(body)
  if (!command || store.isDecided(id)) return undefined
  const author = user.login
  const said = { comment: id, repo, pr, author }
  const allowed = config.allow.some((login) => same(login, author)) || (await gitea.isMember(repository.owner, author))
  if (!allowed) {
    store.decide({ id, repo, pr, author }, 'refused')
    log.info('comment refused: not a member', said)
    await gitea.react(repo, id, '-1').catch(() => {})
    return 'refused'
  }
  if (command.kind === 'help') {
    store.decide({ id, repo, pr, author }, 'help', command.option)
    log.info('comment asks for help', said)
    return 'help'
  }
  const head = await openHead(gitea, repo, pr)
  if (!head || !recipeParam.safeParse(repository.name).success) {
    const decision = head ? 'unfit' : 'closed'
    store.decide({ id, repo, pr, author }, decision)
    log.warn(
      head ? 'comment refused: the repository has no name of a recipe' : 'comment on a closed pull request',
      said,
    )
    return decision
  }
  const source = `${config.url}/${repo}.git`
  const commentedAt = Date.parse(comment.created_at)
  const asked = { commentId: id, repo, recipe: repository.name, pr, author, sha: head, quick: command.quick }
  const run = store.accept({ ...asked, source, commentedAt })
  if (run === undefined) return undefined
  log.info('comment accepted', { ...said, run, sha: head, quick: command.quick })
  // Only a courtesy, and the trigger does not wait for it.
  void gitea.react(repo, id, 'eyes').catch(() => {})
  return 'run'
}

/** The head of a pull request, as long as it is open. */
async function openHead(gitea: Gitea, repo: string, pr: number): Promise<string | undefined> {
  try {
    const { state, merged, head } = await gitea.pullRequest({ repo, pr })
    return state === 'open' && !merged ? head.sha : undefined
  } catch (error) {
    if (error instanceof GiteaRefusedError && error.status === 404) return undefined
    throw error
  }
}
