import { X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeAtomically } from '@cc-ci/harness'
import { generate } from 'selfsigned'
import type { Step } from './step.ts'

/** The files of the private authority and of the certificate it signed. All PEM; the keys are for their owner's eyes. */
export interface CertificateFiles {
  ca: string
  caKey: string
  certificate: string
  key: string
}

export const certificateFiles = (folder: string): CertificateFiles => ({
  ca: join(folder, 'ca.pem'),
  caKey: join(folder, 'ca.key'),
  certificate: join(folder, 'wildcard.pem'),
  key: join(folder, 'wildcard.key'),
})

const DAY_MS = 86_400_000
const RENEW_BEFORE_DAYS = 30
const VALID_DAYS = 365
const CA_VALID_DAYS = 3650

/**
 * Makes the authority and the wildcard certificate for the base domain, each only when it is missing, does not fit or has
 * less than 30 days left.
 */
export async function ensureCertificate({ settings, paths }: Pick<Step, 'settings' | 'paths'>): Promise<string> {
  const files = certificateFiles(paths.tls)
  mkdirSync(paths.tls, { recursive: true, mode: 0o700 })
  if (!readUsable(files.ca)) await makeAuthority(files)
  const usable = usableCertificate(files, settings.baseDomain)
  if (!usable) await makeCertificate(files, settings.baseDomain)
  const until = new X509Certificate(readFileSync(files.certificate)).validToDate.toISOString().slice(0, 10)
  return `*.${settings.baseDomain}, valid until ${until}${usable ? '' : ', made'}`
}

/** The certificate, when it is for the base domain, signed by our authority, and not about to expire. */
export function usableCertificate(files: CertificateFiles, baseDomain: string): X509Certificate | undefined {
  const ca = readUsable(files.ca)
  const certificate = readUsable(files.certificate)
  if (!ca || !certificate || !existsSync(files.key)) return undefined
  const fits = [baseDomain, `app.${baseDomain}`].every((domain) => certificate.checkHost(domain) !== undefined)
  return fits && certificate.verify(ca.publicKey) ? certificate : undefined
}

function readUsable(file: string): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(readFileSync(file))
    const daysLeft = (certificate.validToDate.getTime() - Date.now()) / DAY_MS
    return daysLeft >= RENEW_BEFORE_DAYS && certificate.validFromDate.getTime() <= Date.now() ? certificate : undefined
  } catch {
    return undefined
  }
}

/** A day's grace for machines whose clocks differ. */
const validity = (days: number) => ({
  notBeforeDate: new Date(Date.now() - DAY_MS),
  notAfterDate: new Date(Date.now() + days * DAY_MS),
})

async function makeAuthority(files: CertificateFiles): Promise<void> {
  const made = await generate([{ name: 'commonName', value: 'cc-ci dev host' }], {
    ...validity(CA_VALID_DAYS),
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  })
  writeAtomically(files.caKey, made.private, 0o600)
  writeAtomically(files.ca, made.cert)
}

async function makeCertificate(files: CertificateFiles, baseDomain: string): Promise<void> {
  const made = await generate([{ name: 'commonName', value: `*.${baseDomain}` }], {
    ...validity(VALID_DAYS),
    keyType: 'ec',
    algorithm: 'sha256',
    ca: { key: readFileSync(files.caKey, 'utf8'), cert: readFileSync(files.ca, 'utf8') },
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: `*.${baseDomain}` },
          { type: 2, value: baseDomain },
        ],
      },
    ],
  })
  writeAtomically(files.key, made.private, 0o600)
  writeAtomically(files.certificate, made.cert)
}
