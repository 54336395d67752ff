import { EmptyBackupError, TruncatedBackupError } from './verify.ts'

/** The first and last bytes of a saved dump, unpacked, and how the unpacking went. */
export interface DumpEnds {
  text: string
  filterCode: number
  output: string
}

/** What database tools write first, and write last only when they came to their end. */
const SQL_DUMPS = [
  { head: /^(--\n)?-- PostgreSQL database (cluster )?dump/, tail: /-- PostgreSQL database (cluster )?dump complete/ },
  { head: /^(\/\*.*\n)?-- (MySQL|MariaDB) dump/, tail: /-- Dump completed/ },
]

/** gzip says 2 for a mere warning. */
const GZIP_WARNING = 2

/**
 * Checks a dump that the labels name: a packed one must unpack to its end and to something, and one that a known database
 * tool wrote must have that tool's last line. `read` gives the saved file's ends, unpacked if asked to.
 *
 * @throws {EmptyBackupError | TruncatedBackupError}
 */
export async function checkDump(
  file: { path: string; told: string },
  read: (gzip: boolean) => Promise<DumpEnds>,
): Promise<void> {
  const plain = /\.t?gz$/i.test(file.path) ? undefined : await read(false)
  // A dump named backup.sql may be packed all the same.
  const packed = plain === undefined || plain.text.startsWith('\x1f\ufffd\b')
  const ends = packed ? await read(true) : plain
  if (packed && ends.filterCode !== 0 && ends.filterCode !== GZIP_WARNING) {
    throw new TruncatedBackupError({
      happened: `${file.told} was saved broken: it does not unpack.`,
      lastSeen: ends.output.replace(/^(dump|filter) \d+\n?/gm, '').trim(),
      todo: 'The pre-hook that writes it ended early, and its exit code did not say so.',
    })
  }
  if (ends.text === '') {
    throw new EmptyBackupError({
      happened: `${file.told} was saved and holds nothing${packed ? ' once it is unpacked' : ''}.`,
      todo: 'See the pre-hook that writes it: in a pipe only the last program’s exit code counts.',
    })
  }
  const cut = SQL_DUMPS.find(({ head, tail }) => head.test(ends.text) && !tail.test(ends.text))
  if (!cut) return
  throw new TruncatedBackupError({
    happened: `${file.told} is a database dump that stops half-way: its last line is missing.`,
    lastSeen: ends.text.trimEnd().split('\n').slice(-3).join('\n'),
    todo: 'The pre-hook that writes it ended early, and its exit code did not say so.',
  })
}
