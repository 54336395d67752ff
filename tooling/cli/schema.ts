import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { recordSchema } from '@cc-ci/harness'

/** Where the schema of `run.json` is published. */
export const SCHEMA_FILE = join(import.meta.dirname, '../../docs/run.schema.json')

/** The schema of `run.json` as it must stand in {@link SCHEMA_FILE}. */
export const schemaText = (): string => `${JSON.stringify(recordSchema(), null, 2)}\n`

if (import.meta.main) writeFileSync(SCHEMA_FILE, schemaText())
