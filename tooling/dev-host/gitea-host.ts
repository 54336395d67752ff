import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Settings, writeAtomically } from '@cc-ci/harness'
import { ensureGiteaBuild, type GiteaBuild, removeGiteaBuilds } from './gitea/binary.ts'
import { Forge } from './gitea/forge.ts'
import { type GiteaPlace, giteaUrl } from './gitea/ini.ts'
import { answers, endGitea, freePort, prepareGitea, startGitea } from './gitea/server.ts'
import { type DevHostPaths, devHostPaths } from './paths.ts'
import { isRunning, type ProcessMark } from './process-mark.ts'
import type { Part } from './up.ts'

/** What `up --with` calls it. */
export const GITEA = 'gitea'

/** Who and what a dev host's Gitea has: an organisation with a recipe, a member, somebody from outside, and the bridge. */
const ORGANISATION = 'recipes'
const RECIPE = 'custom-html'
const MEMBER = 'maintainer'
const OUTSIDER = 'outsider'
const BOT = 'cc-ci'

const BOT_SCOPES = ['read:organization', 'write:issue', 'write:repository']

interface Running extends ProcessMark {
  port: number
}

const folderOf = (paths: DevHostPaths): string => join(paths.root, 'gitea')
const processFile = (paths: DevHostPaths): string => join(folderOf(paths), 'process.json')
const memberTokenFile = (paths: DevHostPaths): string => join(folderOf(paths), `${MEMBER}.token`)
const memberPasswordFile = (paths: DevHostPaths): string => join(folderOf(paths), `${MEMBER}.password`)
const botTokenFile = (paths: DevHostPaths): string => join(folderOf(paths), `${BOT}.token`)
const serveFile = (settings: Settings): string => join(settings.stateDir, 'serve.json')

/** Where the bridge and the dashboard of a dev host are. */
const SERVED_AT = { host: '127.0.0.1', port: 8021 }

function known(paths: DevHostPaths): Running | undefined {
  try {
    return JSON.parse(readFileSync(processFile(paths), 'utf8')) as Running
  } catch {
    return undefined
  }
}

/** Whether this dev host was ever given one. */
export const hasGitea = ({ stateDir }: Settings): boolean => existsSync(folderOf(devHostPaths(stateDir)))

/** What `up` does beside everything else where a Gitea is asked for. */
export const giteaParts = (settings: Settings): Part[] => [
  { title: 'Gitea', work: async (say) => await ensureGitea(settings, await ensureGiteaBuild(say)) },
]

/** Where a dev host's Gitea answers; nothing, when it does not. */
export async function runningGitea(settings: Settings): Promise<string | undefined> {
  const paths = devHostPaths(settings.stateDir)
  const running = known(paths)
  if (!running || !isRunning(running)) return undefined
  const place = { folder: folderOf(paths), port: running.port }
  return (await answers(place)) ? giteaUrl(place) : undefined
}

/** Makes a Gitea run for trying the bridge, with all that is needed for it, and a configuration for `cc-ci serve`. */
async function ensureGitea(settings: Settings, build: GiteaBuild): Promise<string> {
  const paths = devHostPaths(settings.stateDir)
  const before = await runningGitea(settings)
  const port = known(paths)?.port ?? (await freePort())
  const place: GiteaPlace = { folder: folderOf(paths), port }
  mkdirSync(place.folder, { recursive: true, mode: 0o700 })
  const token = await prepareGitea(place, build)
  if (before === undefined) {
    await stopGitea(paths)
    const mark = await startGitea(place, build)
    writeAtomically(processFile(paths), JSON.stringify({ ...mark, port } satisfies Running))
  }
  const made = await populate(new Forge(giteaUrl(place), token), paths)
  if (!existsSync(serveFile(settings))) writeAtomically(serveFile(settings), serveConfigOf(place, paths))
  return `${giteaUrl(place)}/, ${before === undefined ? 'started' : 'there'}${made ? ', set up' : ''}`
}

async function populate(forge: Forge, paths: DevHostPaths): Promise<boolean> {
  if (existsSync(memberTokenFile(paths))) return false
  const team = await forge.organisation(ORGANISATION)
  await forge.user(OUTSIDER)
  const [member, bot] = [await forge.user(MEMBER), await forge.user(BOT)]
  for (const login of [MEMBER, BOT]) await forge.member(ORGANISATION, team, login)
  await forge.repository(ORGANISATION, RECIPE, join(paths.recipes, RECIPE))
  writeAtomically(botTokenFile(paths), await forge.token(BOT, bot, BOT_SCOPES), 0o600)
  writeAtomically(memberPasswordFile(paths), member, 0o600)
  // Last: by this it is known to be whole.
  writeAtomically(memberTokenFile(paths), await forge.token(MEMBER, member, ['all']), 0o600)
  return true
}

const serveConfigOf = (place: GiteaPlace, paths: DevHostPaths): string =>
  `${JSON.stringify(
    {
      listen: SERVED_AT,
      publicUrl: `http://${SERVED_AT.host}:${SERVED_AT.port}`,
      gitea: {
        url: giteaUrl(place),
        bot: BOT,
        tokenFile: botTokenFile(paths),
        organisations: [ORGANISATION],
        pollSeconds: 5,
      },
    },
    null,
    2,
  )}\n`

/** Ends its process, and what it started. */
async function stopGitea(paths: DevHostPaths): Promise<boolean> {
  const running = known(paths)
  if (!running || !isRunning(running)) return false
  await endGitea(running)
  return true
}

/** Takes it away with all its data; its builds, too, when everything is to go. */
export async function removeGitea(settings: Settings, all: boolean): Promise<string> {
  const paths = devHostPaths(settings.stateDir)
  const ended = await stopGitea(paths)
  rmSync(folderOf(paths), { recursive: true, force: true })
  const builds = all ? removeGiteaBuilds() : 0
  return [ended ? 'ended' : 'not running', ...(builds > 0 ? ['its build removed'] : [])].join(', ')
}

/** What a person can do with it now. */
export async function giteaGuide(settings: Settings): Promise<string> {
  const paths = devHostPaths(settings.stateDir)
  const url = (await runningGitea(settings)) ?? ''
  const repo = `${url}/${ORGANISATION}/${RECIPE}`
  const api = `${url}/api/v1/repos/${ORGANISATION}/${RECIPE}`
  const signed = `curl -sS -o /dev/null -w '%{http_code}\\n' -H "Authorization: token $(cat ${memberTokenFile(paths)})" -H 'Content-Type: application/json'`
  return `
Try the bridge:

  npm run serve
      watches ${url}/ and shows runs at http://${SERVED_AT.host}:${SERVED_AT.port}/

  Then, in another terminal, open a pull request and ask for a run of it. In a browser: sign in at
  ${url}/user/login as ${MEMBER}, with the password in ${memberPasswordFile(paths)}.
  Its pages have no styles here, so by hand:

  ${signed} \\
    ${api}/contents/notes.txt -d '{"content":"bm90ZXMK","message":"add notes","branch":"main","new_branch":"notes"}'
  ${signed} \\
    ${api}/pulls -d '{"base":"main","head":"notes","title":"Notes"}'
  ${signed} \\
    ${api}/issues/1/comments -d '{"body":"!testme"}'

  The answer stands on ${repo}/pulls/1
`
}
