import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { EXTRAS } from './extras.ts'
import { folderOf, IMAGES } from './image-list.ts'
import { SAMPLES, sampleRecipes } from './recipes.ts'

/** The images that a version of a sample recipe names. */
function imagesOf(name: string, version: string): string[] {
  const compose = parse(readFileSync(join(SAMPLES, name, version, 'compose.yml'), 'utf8'))
  return Object.values(compose.services as Record<string, { image: string }>).map(({ image }) => image)
}

describe('the images of a dev host', () => {
  const versions = sampleRecipes(SAMPLES, EXTRAS)
    .filter(({ name }) => name !== 'no-image')
    .flatMap(({ name, versions }) => versions.map((version) => [name, version] as const))

  test.each(versions)('are there for all services of %s %s, when it is asked for', (name, version) => {
    const built = IMAGES.filter(({ extra }) => extra === undefined || extra === name).map(({ alias }) => alias)
    for (const image of imagesOf(name, version)) expect(built).toContain(image)
  })

  test('stand on those before them, and have a folder to be built from', () => {
    for (const [index, image] of IMAGES.entries()) {
      if (image.name === 'base') continue
      const before = IMAGES.slice(0, index).map(({ name }) => name)
      expect(before).toContain(image.from ?? 'base')
      const text = readFileSync(join(folderOf(image), 'Dockerfile'), 'utf8')
      expect(text).toMatch(new RegExp(`^FROM cc-ci/${image.from ?? 'base'}$`, 'm'))
      if (image.args?.VERSION) expect(existsSync(join(folderOf(image), image.args.VERSION))).toBe(true)
    }
  })
})
