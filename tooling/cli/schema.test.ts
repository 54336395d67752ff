import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { expect, test } from 'vitest'
import { SCHEMAS } from './schema.ts'

test.each(Object.entries(SCHEMAS).map(([file, schema]) => [basename(file), file, schema]))(
  'the published %s is that of the code (node tooling/cli/schema.ts writes it)',
  (_, file, schema) => {
    expect(readFileSync(file, 'utf8')).toBe(schema)
  },
)
