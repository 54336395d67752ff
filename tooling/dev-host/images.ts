import { join } from 'node:path'
import { CcciError, messageOf, run } from '@cc-ci/harness'
import type Docker from 'dockerode'
import { type BuildTools, baseInputs, buildBase, hashOfBase } from './base-image.ts'
import type { Extra } from './extras.ts'
import { hashOf, hashOfFolder } from './files.ts'
import type { Step } from './step.ts'
import { findProgram, installPackages } from './system.ts'

/** An image could not be built. */
class ImageBuildError extends CcciError {}

/** One of the images that a dev host builds from Debian's packages. */
interface ImageName {
  /** Its folder under `images/`, and its repository under `cc-ci/`. */
  name: string
  /** The names it is used by, besides `cc-ci/<name>:<content hash>` and `cc-ci/<name>:latest`. */
  alias?: string
  /** The image it stands on, when that is not `base`. */
  from?: string
  /** The share of one processor that its build may use. Default: all there is. */
  processor?: number
  /** It is built only where this was asked for. */
  extra?: Extra
}

/** In the order they are built: each may stand on those before it. `base` comes from packages alone. */
const IMAGES: readonly ImageName[] = [
  { name: 'base' },
  { name: 'nginx', alias: 'nginx:1.22.1' },
  { name: 'restic' },
  { name: 'helper', from: 'restic', processor: 0.02 },
  { name: 'caddy' },
  { name: 'mariadb', alias: 'mariadb:10.11', extra: 'keycloak' },
  { name: 'keycloak', alias: 'keycloak/keycloak:26.4.7', extra: 'keycloak' },
]

/** Marks an image as ours and says what it was built from. */
const LABEL = 'cc-ci.content'

const FOLDER = join(import.meta.dirname, 'images')

/** Standard build arguments (docs.docker.com, "Predefined ARGs"): handed on where the host goes through a web proxy. */
const WEB_PROXY_VARIABLES = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']

export const contentTag = (name: string, hash: string): string => `cc-ci/${name}:${hash}`

/** An image and the hash of everything it is built from. */
export interface PlannedImage extends ImageName {
  hash: string
}

/** What every image should be on this host, by content; of those that must be asked for, only what was. */
export async function planImages(extras: readonly Extra[] = []): Promise<PlannedImage[]> {
  const base = hashOfBase(await baseInputs())
  const wanted = IMAGES.filter(({ extra }) => extra === undefined || extras.includes(extra))
  return wanted.map((image) => ({
    ...image,
    hash:
      image.name === 'base'
        ? base
        : hashOf(base, ...[image.from, image.name].flatMap((name) => (name ? [hashOfFolder(join(FOLDER, name))] : []))),
  }))
}

/**
 * Makes the image exist under all its names, building it when no image of this content is there.
 *
 * @throws {ImageBuildError}
 */
export async function ensureImage(image: PlannedImage, step: Step): Promise<string> {
  const { docker, say } = step
  const built = !(await imageId(docker, contentTag(image.name, image.hash)))
  if (built) {
    try {
      await build(image, step)
    } catch (error) {
      throw new ImageBuildError({
        happened: `The image cc-ci/${image.name} could not be built.`,
        lastSeen: messageOf(error),
        todo: 'Check the network and the free disk, then bring the dev host up again; what is built is kept.',
        cause: error,
      })
    }
    say('')
  }
  const kept = await nameImage(image, docker)
  return [built ? 'built' : 'there', kept].filter(Boolean).join(', ')
}

async function build(image: PlannedImage, { settings, paths, say }: Step): Promise<void> {
  const tools: BuildTools = { env: { DOCKER_HOST: settings.dockerHost, DOCKER_BUILDKIT: '0' }, say }
  const tag = contentTag(image.name, image.hash)
  if (image.name === 'base') {
    if (!findProgram('mmdebstrap')) await installPackages(['mmdebstrap'], 'Building images', say)
    return await buildBase(await baseInputs(), tag, `${LABEL}=${image.hash}`, paths.build, tools)
  }
  const webProxy = WEB_PROXY_VARIABLES.flatMap((name) => (process.env[name] ? ['--build-arg', name] : []))
  const { processor } = image
  const quota = processor ? ['--cpu-period=100000', `--cpu-quota=${Math.round(processor * 100_000)}`] : []
  await run(
    'docker',
    [
      'build',
      '--force-rm',
      ...quota,
      ...webProxy,
      '--label',
      `${LABEL}=${image.hash}`,
      '-t',
      tag,
      join(FOLDER, image.name),
    ],
    { env: tools.env, timeoutMs: 15 * 60_000, onLine: say },
  )
}

/** Gives the image its other names; a name that another's image has already is left alone, and said. */
async function nameImage(image: PlannedImage, docker: Docker): Promise<string | undefined> {
  const tag = contentTag(image.name, image.hash)
  const id = await imageId(docker, tag)
  let kept: string | undefined
  for (const name of [`cc-ci/${image.name}:latest`, ...(image.alias ? [image.alias] : [])]) {
    const present = await inspectImage(docker, name)
    if (present?.Id === id) continue
    if (present && !present.Config.Labels?.[LABEL]) {
      kept = `the ${name} that was there is used`
      continue
    }
    const [repo = name, version = 'latest'] = name.split(':')
    await docker.getImage(tag).tag({ repo, tag: version })
  }
  for (const old of await ownTags(docker, image.name)) {
    if (old !== tag && old !== `cc-ci/${image.name}:latest`)
      await docker
        .getImage(old)
        .remove({ force: false })
        .catch(() => {})
  }
  return kept
}

/** Takes every name and image that we made away. Returns how many names there were. */
export async function removeImages(docker: Docker): Promise<number> {
  let removed = 0
  for (const image of [...IMAGES].reverse()) {
    for (const tag of await ownTags(docker, image.name, image.alias)) {
      await docker.getImage(tag).remove({ force: true })
      removed += 1
    }
  }
  return removed
}

async function ownTags(docker: Docker, name: string, alias?: string): Promise<string[]> {
  const images = await docker.listImages({ filters: { label: [LABEL] } })
  return images
    .flatMap(({ RepoTags }) => RepoTags ?? [])
    .filter((tag) => tag.startsWith(`cc-ci/${name}:`) || tag === alias)
}

/** The image's id, or nothing when there is none of that name. */
export async function imageId(docker: Docker, name: string): Promise<string | undefined> {
  return (await inspectImage(docker, name))?.Id
}

async function inspectImage(docker: Docker, name: string): Promise<Docker.ImageInspectInfo | undefined> {
  try {
    return await docker.getImage(name).inspect()
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined
    throw error
  }
}
