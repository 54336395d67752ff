import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { OwnEngine } from '../docker/test-engine.ts'
import { run } from '../process/run.ts'

export const digest = (content: string | Buffer): string =>
  `sha256:${createHash('sha256').update(content).digest('hex')}`

/** Packs files of a folder. */
const pack = (folder: string, archive: string, ...files: string[]) =>
  run('tar', ['-C', folder, '-cf', join(folder, archive), ...files])

/** Makes an image that nobody else has in a folder: its `config.json` and its `layer.tar`. */
export async function makeTestImage(folder: string, created: string): Promise<{ config: string; layer: Buffer }> {
  writeFileSync(join(folder, 'marker'), randomBytes(32))
  await pack(folder, 'layer.tar', 'marker')
  const layer = readFileSync(join(folder, 'layer.tar'))
  const config = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    created,
    config: { Cmd: ['/marker'] },
    rootfs: { type: 'layers', diff_ids: [digest(layer)] },
    history: [{ created, created_by: 'a test' }],
  })
  writeFileSync(join(folder, 'config.json'), config)
  return { config, layer }
}

/**
 * Gives an engine an image that nobody else has, made at a time of choice.
 *
 * @param tag its name; without one it is dangling.
 * @returns its id.
 */
export async function loadTestImage(engine: OwnEngine, created: string, tag?: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'ccci-image-'))
  try {
    const { config } = await makeTestImage(folder, created)
    const manifest = [{ Config: 'config.json', RepoTags: tag ? [tag] : null, Layers: ['layer.tar'] }]
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest))
    await pack(folder, 'image.tar', 'manifest.json', 'config.json', 'layer.tar')
    await engine.docker('load', '--input', join(folder, 'image.tar'))
    return digest(config)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
