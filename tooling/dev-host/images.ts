import { CcciError, messageOf } from '@cc-ci/harness'
import type Docker from 'dockerode'
import { baseInputs, hashOfBase } from './base-image.ts'
import type { Extra } from './extras.ts'
import { hashOf, hashOfFolder } from './files.ts'
import { hashOfGoProgram, removeGoBuilds } from './go-build.ts'
import { buildImage } from './image-build.ts'
import { folderOf, IMAGES, type ImageName } from './image-list.ts'
import type { Step } from './step.ts'

/** An image could not be built. */
class ImageBuildError extends CcciError {}

/** Marks an image as ours and says what it was built from. */
const LABEL = 'cc-ci.content'

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
    hash: image.name === 'base' ? base : hashOf(base, ...contentOf(image)),
  }))
}

/** What decides what is in an image, beside the base. */
function contentOf(image: ImageName): string[] {
  const from = IMAGES.find(({ name }) => name === image.from)
  const args = Object.entries(image.args ?? {}).map(([name, value]) => `${name}=${value}`)
  const program = image.program ? [hashOfGoProgram(image.program)] : []
  return [...(from ? contentOf(from) : []), hashOfFolder(folderOf(image)), ...args, ...program]
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
      await buildImage(image, contentTag(image.name, image.hash), `${LABEL}=${image.hash}`, step)
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
    if (image.program) removeGoBuilds(image.program)
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
