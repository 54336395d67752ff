import { FataError } from './fata.ts'

/** What was given after a command's name. */
export interface Given {
  words: string[]
  has(flag: string): boolean
  value(flag: string): string
}

/** Takes flags and words apart; an unknown flag ends the program. */
export function flags(args: string[], known: { valued: string[]; plain: string[] }): Given {
  const words: string[] = []
  const values = new Map<string, string>()
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? ''
    if (!word.startsWith('-')) {
      words.push(word)
    } else if (known.plain.includes(word)) {
      values.set(word, '')
    } else if (known.valued.includes(word)) {
      at += 1
      values.set(word, args[at] ?? '')
    } else {
      throw new FataError(`unknown flag: ${word}`)
    }
  }
  return { words, has: (flag) => values.has(flag), value: (flag) => values.get(flag) ?? '' }
}
