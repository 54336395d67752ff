#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

// Before anything else is loaded, so that it counts for the rest.
enableCompileCache(join(root, 'node_modules/.cache/node'))
const { main } = await import('./program.ts')
process.exitCode = await main(process.argv.slice(2), { root })
