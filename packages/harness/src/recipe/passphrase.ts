import { randomInt } from 'node:crypto'

const CONSONANTS = 'bdfghjklmnprstvwz'
const VOWELS = 'aeiou'

/** About 17 bits each. */
const WORD = [CONSONANTS, VOWELS, CONSONANTS, VOWELS, CONSONANTS]
const WORDS = 4

/**
 * Four made-up words with hyphens between them, 23 characters and 67 random bits: the kind of value that abra gives a secret
 * without a length. (abra takes its words from a list; nothing that reads a secret can tell.)
 */
export function passphrase(): string {
  const word = () => WORD.map((letters) => letters[randomInt(letters.length)]).join('')
  return Array.from({ length: WORDS }, word).join('-')
}
