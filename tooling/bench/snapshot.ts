import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectSwarm, loadSettings, openHelper, run, takeSnapshot } from '@cc-ci/harness'
import { type BenchLine, compare, timed } from './compare.ts'

const MB = 2 ** 20

/**
 * 1 GB of mixed files, always about the same: programs, libraries, scripts and small texts (five times those of the image),
 * and a few large files that cannot be compressed, such as photographs.
 */
const FILL = `
set -eu
cd /v
for copy in 1 2 3 4 5; do cp -a /usr "$copy"; done
mkdir media
size=$(du -sm . | cut -f1) number=0
while [ "$size" -lt 1024 ]; do
  head -c 4194304 /dev/urandom > "media/$number"
  size=$((size + 4)) number=$((number + 1))
done
sync -f .
find . -type f -printf x | wc -c
du -sm . | cut -f1
`

/** Snapshot of 1 GB of mixed files, against `docker run` of \`tar | zstd -1\` into a file, in the same image. */
export async function snapshot(pairs: number): Promise<BenchLine> {
  const { dockerHost, helperImage: image } = await loadSettings()
  const docker = await connectSwarm(dockerHost)
  const stack = `bench-snapshot-${process.pid}`
  const volume = `${stack}_files`
  const out = `bench-snapshot-out-${process.pid}`
  const stateDir = await mkdtemp(join(tmpdir(), 'cc-ci-bench-snapshot-'))
  const target = { docker, helperImage: image, stateDir, recipe: 'bench', stack }
  const mounts = ['-v', `${volume}:/v:ro`, '-v', `${out}:/out`]
  const pack = 'tar -C /v -cf - . | zstd -q -f -1 -o /out/archive.tar.zst'
  try {
    for (const name of [volume, out]) await docker.createVolume({ Name: name })
    const [files, size] = await fill(docker, image, volume)
    const line = await compare('snapshot', '', pairs, {
      ours: () => timed(() => takeSnapshot(target, { version: 'bench', commit: '', timeoutMs: 600_000 })),
      peer: () =>
        timed(() =>
          run('docker', ['run', '--rm', '--network', 'none', ...mounts, image, 'sh', '-c', pack], {
            env: { DOCKER_HOST: dockerHost },
            timeoutMs: 600_000,
          }),
        ),
    })
    const bare = await peakOf(['--eval', 'console.log(process.resourceUsage().maxRSS)'])
    const alone = [join(import.meta.dirname, 'snapshot-alone.ts'), dockerHost, image, stateDir, stack]
    // Once before, so that nothing has to be compiled.
    await peakOf(alone)
    const peak = await peakOf(alone)
    const memory = `at most ${inMb(peak)} MB of memory as a process of its own, of which ${inMb(bare)} MB are Node's`
    return { ...line, note: `${size} MB in ${files} files; ${memory}` }
  } finally {
    for (const name of [volume, out]) await docker.getVolume(name).remove()
    await rm(stateDir, { recursive: true, force: true })
  }
}

const inMb = (bytes: number): number => Math.round(bytes / MB)

/** The most memory (bytes, resident) that a process of Node takes, which prints it as its last line. */
async function peakOf(args: string[]): Promise<number> {
  const { stdout } = await run(process.execPath, args, { timeoutMs: 600_000 })
  return Number(stdout.trim().split('\n').at(-1)) * 1024
}

async function fill(docker: Parameters<typeof openHelper>[0], image: string, volume: string): Promise<string[]> {
  const volumes = [{ name: volume, target: '/v', readOnly: false }]
  const helper = await openHelper(docker, { image, labels: {}, volumes })
  try {
    const { stdout } = await helper.execOk(['sh', '-c', FILL], { timeoutMs: 600_000 })
    return stdout.trim().split('\n')
  } finally {
    await helper.close()
  }
}
