import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { previewSchema, recordSchema } from '@cc-ci/harness'
import { apiSchema } from '../dashboard/api/schema.ts'
import { sweepSchema } from '../sweep/record.ts'

const docs = join(import.meta.dirname, '../../docs')
const text = (schema: unknown): string => `${JSON.stringify(schema, null, 2)}\n`

/** The schemas that are published, by the file each stands in. */
export const SCHEMAS: Readonly<Record<string, string>> = {
  [join(docs, 'run.schema.json')]: text(recordSchema()),
  [join(docs, 'plan.schema.json')]: text(previewSchema()),
  [join(docs, 'api.schema.json')]: text(apiSchema()),
  [join(docs, 'sweep.schema.json')]: text(sweepSchema()),
}

if (import.meta.main) for (const [file, schema] of Object.entries(SCHEMAS)) writeFileSync(file, schema)
