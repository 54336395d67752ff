import { type ProgramError, run } from '@cc-ci/harness'
import { findProgram, isRoot } from './system.ts'

/** VXLAN's port, on which the kernel takes the frames of overlay networks, on every interface, unencrypted. */
const PORT = 4789

const RULE = [
  ...['INPUT', '--protocol', 'udp', '--dport', String(PORT), '!', '--in-interface', 'lo'],
  ...['--match', 'comment', '--comment', 'cc-ci dev host', '--jump', 'DROP'],
]

/**
 * Closes the overlay networks to other machines: a swarm of one has no use for frames from outside, and whoever sends some
 * would reach the apps past the proxy. Returns whether it is closed; only root can do it.
 */
export async function closeOverlayPort(): Promise<boolean> {
  if (await iptables('--check')) return true
  return await iptables('--insert')
}

/** Takes the rule back. */
export async function openOverlayPort(): Promise<void> {
  if (await iptables('--check')) await iptables('--delete')
}

async function iptables(what: '--check' | '--insert' | '--delete'): Promise<boolean> {
  const program = findProgram('iptables')
  if (!program || !isRoot()) return false
  try {
    await run(program, ['--wait', what, ...RULE])
    return true
  } catch (error) {
    if (what === '--check' || (error as ProgramError).failed) return false
    throw error
  }
}
