#!/usr/bin/env node
import { join } from 'node:path'
import { main } from './program.ts'

process.exitCode = await main(process.argv.slice(2), { root: join(import.meta.dirname, '../..') })
