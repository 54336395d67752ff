import type Docker from 'dockerode'
import { execIn } from '../../docker/exec.ts'
import type { Helper } from '../../docker/helper.ts'
import { CcciError } from '../../errors.ts'

/** Backups are to be made by backup-bot-two, and there is none on this host. */
export class BackupBotMissingError extends CcciError {}

/** The name of the bot's recipe, which abra writes into the labels of its service `app`. */
const RECIPE = 'backup-bot-two'

/** Where the bot has its repository's password. */
const PASSWORD_FILE = '/run/secrets/restic_password'

/**
 * The container of the backup-bot-two that is deployed here.
 *
 * @throws {BackupBotMissingError}
 */
export async function findBot(docker: Docker): Promise<string> {
  const services = await docker.listServices()
  const bot = services.find(({ Spec }) =>
    Object.entries(Spec?.Labels ?? {}).some(([key, value]) => /^coop-cloud\..+\.recipe$/.test(key) && value === RECIPE),
  )
  const filters = { label: [`com.docker.swarm.service.id=${bot?.ID}`], status: ['running'] }
  const [container] = bot ? await docker.listContainers({ filters }) : []
  if (container) return container.Id
  throw new BackupBotMissingError({
    happened: bot ? `${bot.Spec?.Name} has no running container.` : `There is no ${RECIPE} on this host.`,
    todo: `Deploy one: abra app new ${RECIPE}, set RESTIC_REPOSITORY in its .env, abra app secret generate … --all, abra app deploy. Or leave CCCI_BACKUP at restic, which needs none.`,
  })
}

/** The bot's container as a place where restic runs: with its own repository and password. */
export function insideBot(docker: Docker, container: string): Pick<Helper, 'exec'> {
  const own = (options: Parameters<Helper['exec']>[1]) => {
    const { RESTIC_REPOSITORY: _, RESTIC_PASSWORD: __, ...env } = options?.env ?? {}
    return { ...options, env: { ...env, RESTIC_PASSWORD_FILE: PASSWORD_FILE } }
  }
  return {
    exec: (command, options) => execIn(docker, container, command, own(options)),
  }
}
