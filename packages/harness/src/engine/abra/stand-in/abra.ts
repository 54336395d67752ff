#!/usr/bin/env node
import { backupCreate, restore } from './backup.ts'
import { deploy } from './deploy.ts'
import { FataError } from './fata.ts'
import { flags, type Given } from './flags.ts'
import { appNew } from './new.ts'
import { ensureRecipe, lint } from './recipe.ts'
import { secretGenerate, secretInsert } from './secret.ts'

// A stand-in for abra, for tests where the real one is not to be had. It follows what is known of abra 0.13 (commands,
// flags, exit codes, what it checks and moves) and deploys for real. It is nobody's tool, and proves nothing about abra.

interface Command {
  words: string
  /** Flags that take a value, and those that take none. */
  valued: string[]
  plain: string[]
  terminal?: boolean
  run(given: Given): Promise<void> | void
}

const COMMON = ['-n', '-o', '-C', '-m']

const COMMANDS: Command[] = [
  {
    words: 'app new',
    valued: ['--server', '--domain'],
    plain: [...COMMON, '-S'],
    run: appNew,
  },
  { words: 'app deploy', valued: [], plain: [...COMMON, '-f', '-c', '-D', '-i'], run: deploy },
  { words: 'app secret generate', valued: [], plain: [...COMMON, '--all'], run: secretGenerate },
  { words: 'app secret insert', valued: [], plain: [...COMMON, '-f'], run: secretInsert },
  {
    words: 'recipe lint',
    valued: [],
    plain: COMMON,
    terminal: true,
    run({ words: [recipe = ''] }) {
      for (const { rule, says } of lint(ensureRecipe(recipe))) console.log(`${rule} │ ${says}`)
    },
  },
  { words: 'app backup create', valued: [], plain: COMMON, terminal: true, run: backupCreate },
  { words: 'app restore', valued: [], plain: COMMON, terminal: true, run: restore },
]

const SAME: Record<string, string> = {
  '--no-input': '-n',
  '--offline': '-o',
  '--chaos': '-C',
  '--force': '-f',
  '--no-converge-checks': '-c',
  '--no-domain-checks': '-D',
  '--ignore-env-version': '-i',
  '--machine': '-m',
  '-a': '--all',
  '-s': '--server',
}

async function main(args: string[]): Promise<void> {
  if (args.length === 1 && args[0] === '--version') {
    console.log('abra version 0.13.0-beta-stand-in')
    return
  }
  if (!process.env.HOME) throw new FataError('$HOME is not defined')
  const known = args.map((word) => SAME[word] ?? word)
  const command = COMMANDS.find(({ words }) => words.split(' ').every((word, index) => word === known[index]))
  if (!command) throw new FataError(`unknown command "${args.slice(0, 3).join(' ')}" for "abra"`)
  if (command.terminal && !(process.stdin.isTTY && process.stdout.isTTY)) {
    throw new FataError('inappropriate ioctl for device')
  }
  await command.run(flags(known.slice(command.words.split(' ').length), command))
}

// So that it cleans up after itself, and docker ends with it.
process.once('SIGTERM', () => process.exit(143))

try {
  await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof FataError)) throw error
  // To standard output, as abra does.
  console.log(`FATA ${error.message}`)
  process.exitCode = 1
}
