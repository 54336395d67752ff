import { CcciError } from '@cc-ci/harness'
import { Command, InvalidArgumentError } from 'commander'
import { soakCycles } from './cycles.ts'
import { soakKills } from './kills.ts'

function whole(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 0) throw new InvalidArgumentError('It takes a whole number.')
  return number
}

const program = new Command('soak')
  .description('Deploys and removes custom-html again and again, kills runs at random instants, and says what is left.')
  .option('--cycles <n>', 'deployments one after the other; 0 for none', whole, 100)
  .option('--side-by-side <n>', 'deployments four at a time; 0 for none', whole, 100)
  .option('--kills <n>', 'runs that are killed; 0 for none', whole, 50)
  .option('--seed <n>', 'for the same random instants again', whole, Date.now() % 1_000_000)
  .action(async (flags: { cycles: number; sideBySide: number; kills: number; seed: number }) => {
    const fine = [
      flags.cycles > 0 ? await soakCycles(flags.cycles, 1) : true,
      flags.sideBySide > 0 ? await soakCycles(flags.sideBySide, 4) : true,
      flags.kills > 0 ? await soakKills(flags.kills, flags.seed) : true,
    ]
    if (!fine.every(Boolean)) process.exitCode = 1
  })

try {
  await program.parseAsync()
} catch (error) {
  console.error(error instanceof CcciError ? error.message : error)
  process.exitCode = 3
}
