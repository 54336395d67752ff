import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '@cc-ci/harness'
import { type BuildTools, baseInputs, buildBase } from './base-image.ts'
import { ensureGoBuild } from './go-build.ts'
import { folderOf, type ImageName } from './image-list.ts'
import type { Step } from './step.ts'
import { findProgram, installPackages } from './system.ts'

/** Standard build arguments (docs.docker.com, "Predefined ARGs"): handed on where the host goes through a web proxy. */
const WEB_PROXY_VARIABLES = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']

/** Builds an image as `tag`, with a label. Whatever fails is thrown as it is. */
export async function buildImage(image: ImageName, tag: string, label: string, step: Step): Promise<void> {
  const { settings, paths, say } = step
  const tools: BuildTools = { env: { DOCKER_HOST: settings.dockerHost, DOCKER_BUILDKIT: '0' }, say }
  if (image.name === 'base') {
    if (!findProgram('mmdebstrap')) await installPackages(['mmdebstrap'], 'Building images', say)
    return await buildBase(await baseInputs(), tag, label, paths.build, tools)
  }
  const webProxy = WEB_PROXY_VARIABLES.flatMap((name) => (process.env[name] ? ['--build-arg', name] : []))
  const args = [...Object.entries(image.args ?? {}), ...(image.npm ? [await npmRegistry()] : [])]
  const given = args.flatMap(([name, value]) => ['--build-arg', `${name}=${value}`])
  const { processor } = image
  const quota = processor ? ['--cpu-period=100000', `--cpu-quota=${Math.round(processor * 100_000)}`] : []
  const options = ['--force-rm', ...quota, ...webProxy, ...given, '--label', label, '-t', tag]
  try {
    const context = await contextOf(image, join(paths.build, image.name), say)
    const timeoutMs = image.timeoutMs ?? 15 * 60_000
    await run('docker', ['build', ...options, context], { env: tools.env, timeoutMs, onLine: say })
  } finally {
    rmSync(paths.build, { recursive: true, force: true })
  }
}

/** What is handed to the engine: the image's folder, with the programs that are built for it. */
async function contextOf(image: ImageName, scratch: string, say: Step['say']): Promise<string> {
  if (!image.program) return folderOf(image)
  const { place } = await ensureGoBuild(image.program, say)
  for (const folder of [folderOf(image), place]) cpSync(folder, scratch, { recursive: true })
  return scratch
}

/** Where npm gets packages from on this machine, as npm itself reads it. */
async function npmRegistry(): Promise<[string, string]> {
  const { stdout } = await run('npm', ['config', 'get', 'registry', '--loglevel=error'])
  return ['npm_config_registry', stdout.trim()]
}
