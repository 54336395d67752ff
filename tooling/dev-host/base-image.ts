import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run } from '@cc-ci/harness'
import { hashOf } from './files.ts'

/** Everything that decides what the base image holds. */
export interface BaseInputs {
  mmdebstrap: string[]
  /** Lines of a sources.list; none: mmdebstrap's own. */
  sources: string[]
  /** Files laid over the system, by their path in it. */
  files: Record<string, { content: string; mode: number }>
  /** `docker import --change` instructions. */
  changes: string[]
}

const SUITE = 'bookworm'
const PACKAGES = ['ca-certificates', 'curl', 'tini', 'gosu', 'netcat-openbsd']
const LEFT_OUT = ['man', 'info', 'locale', 'doc']

/** Otherwise every later layer that runs apt grows by 75 MB of package cache. */
const APT_OPTIONS = ['Dir::Cache::pkgcache ""', 'Dir::Cache::srcpkgcache ""', 'Acquire::Languages "none"']

/** Options of the host's apt that decide whether a mirror can be used at all. */
const MIRROR_OPTION = /^Acquire::(https?|Check-Date|Check-Valid-Until|ForceIPv[46]|Max-FutureTime|Retries)\b/

const HOST_CERTIFICATES = '/usr/local/share/ca-certificates'
const BUNDLE = '/etc/ssl/certs/ca-certificates.crt'
const BUNDLE_VARIABLES = ['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS', 'PIP_CERT', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE']

/** Reads what the base image is to be on this host: some trust extra authorities or reach their mirror in a special way. */
export async function baseInputs(): Promise<BaseInputs> {
  const mirrorOptions = await mirrorOptionsOfHost()
  const certificates = certificatesOfHost()
  const files: BaseInputs['files'] = { 'usr/sbin/policy-rc.d': { content: '#!/bin/sh\nexit 101\n', mode: 0o755 } }
  for (const [name, content] of Object.entries(certificates)) {
    files[join('usr/local/share/ca-certificates', name)] = { content, mode: 0o644 }
  }
  const aptOptions = [...APT_OPTIONS, ...mirrorOptions]
  return {
    mmdebstrap: [
      '--variant=apt',
      `--include=${PACKAGES.join(',')}`,
      ...LEFT_OUT.map((what) => `--dpkgopt=path-exclude=/usr/share/${what}/*`),
      '--dpkgopt=force-unsafe-io',
      ...aptOptions.map((option) => `--aptopt=${option}`),
    ],
    sources: await sourcesOfHost(),
    files,
    changes: Object.keys(certificates).length === 0 ? [] : BUNDLE_VARIABLES.map((name) => `ENV ${name}=${BUNDLE}`),
  }
}

/** The content hash of a base image with these inputs. */
export const hashOfBase = (inputs: BaseInputs): string => hashOf(SUITE, JSON.stringify(inputs))

/**
 * Builds the base image: a small Debian, imported as `tag`.
 *
 * @param scratch a folder that is made for the build and removed after it
 */
export async function buildBase(inputs: BaseInputs, tag: string, label: string, scratch: string, build: BuildTools) {
  const overlay = join(scratch, 'overlay')
  const tarball = join(scratch, 'base.tar')
  rmSync(scratch, { recursive: true, force: true })
  mkdirSync(overlay, { recursive: true })
  try {
    for (const [path, { content, mode }] of Object.entries(inputs.files)) {
      const file = join(overlay, path)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, content)
      chmodSync(file, mode)
    }
    await run(
      'mmdebstrap',
      [
        ...inputs.mmdebstrap,
        `--customize-hook=sync-in ${overlay} /`,
        '--customize-hook=chroot "$1" update-ca-certificates',
        SUITE,
        tarball,
        ...inputs.sources,
      ],
      { env: { TMPDIR: scratch }, timeoutMs: 15 * 60_000, onLine: build.say },
    )
    build.say('importing')
    const changes = [...inputs.changes, `LABEL ${label}`].flatMap((change) => ['--change', change])
    await run('docker', ['import', ...changes, tarball, tag], { env: build.env, timeoutMs: 5 * 60_000 })
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** What every image build needs: the environment of the `docker` client, and where to show progress. */
export interface BuildTools {
  env: Record<string, string>
  say: (text: string) => void
}

async function mirrorOptionsOfHost(): Promise<string[]> {
  if (!existsSync('/usr/bin/apt-config')) return []
  const { stdout } = await run('apt-config', ['dump'])
  return stdout
    .split('\n')
    .map((line) => line.trim().replace(/;$/, ''))
    .filter((line) => MIRROR_OPTION.test(line) && !line.endsWith('""'))
}

/**
 * Where the host itself gets this Debian from, if it runs it: that is a mirror which can be reached. Empty on any other
 * host: mmdebstrap knows where Debian is.
 */
async function sourcesOfHost(): Promise<string[]> {
  if (!existsSync('/usr/bin/apt-get')) return []
  const format = ['--format', 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)']
  const { stdout } = await run('apt-get', ['indextargets', ...format, 'Created-By: Packages'])
  const debian = new RegExp(`^deb https?://\\S+/debian(-security)?/ ${SUITE}(-updates|-security)? main$`)
  const found = [...new Set(stdout.split('\n').filter((line) => debian.test(line)))].sort()
  return found.some((line) => line.endsWith(` ${SUITE} main`)) ? found : []
}

function certificatesOfHost(): Record<string, string> {
  if (!existsSync(HOST_CERTIFICATES)) return {}
  const names = readdirSync(HOST_CERTIFICATES).filter((name) => name.endsWith('.crt'))
  return Object.fromEntries(names.sort().map((name) => [name, readFileSync(join(HOST_CERTIFICATES, name), 'utf8')]))
}
