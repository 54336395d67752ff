import { fromMarkdown } from 'mdast-util-from-markdown'

/** What a comment asks for. */
export type Command = { kind: 'run'; quick: boolean } | { kind: 'help'; option: string }

const WORD = '!testme'

/** Longer comments are no commands; a Markdown parser must not be kept busy by strangers. */
const LONGEST = 65_536

/** Stands for what is not plain text, such as emphasis or a link: a line with it is not the command alone. */
const NOT_TEXT = '\uFFFC'

/**
 * The command in a comment, if there is one. It stands on a line of its own in an ordinary paragraph, and nothing else does
 * on that line: not in a quote, a list, code, a heading or an HTML comment, as the forge shows the comment. Of several,
 * `!testme` wins over `!testme --quick`, and either over a line with an unknown option, which asks for help.
 */
export function commandIn(comment: string): Command | undefined {
  if (!comment.includes(WORD) || comment.length > LONGEST) return undefined
  let found: Command | undefined
  for (const line of plainLines(comment)) {
    const command = commandOf(line)
    if (command?.kind === 'run' && !command.quick) return command
    if (command && (!found || (found.kind === 'help' && command.kind === 'run'))) found = command
  }
  return found
}

/** The lines of the paragraphs that stand for themselves. */
function plainLines(comment: string): string[] {
  return fromMarkdown(comment).children.flatMap((block) => {
    if (block.type !== 'paragraph') return []
    const pieces = block.children.map((inline) => {
      const source = comment.slice(inline.position?.start.offset, inline.position?.end.offset)
      return inline.type === 'text' || inline.type === 'break' ? source : NOT_TEXT
    })
    return pieces.join('').split(/\r\n|\r|\n/)
  })
}

function commandOf(line: string): Command | undefined {
  const [word, ...options] = line.replace(/^[ \t]+|[ \t]+$/g, '').split(/[ \t]+/)
  if (word !== WORD) return undefined
  const [option] = options
  if (option === undefined) return { kind: 'run', quick: false }
  if (option === '--quick' && options.length === 1) return { kind: 'run', quick: true }
  const unknown = options.find((each) => /^[-–—]/.test(each) && each !== '--quick')
  // What begins like a sentence is one.
  return unknown !== undefined && /^[-–—]/.test(option) ? { kind: 'help', option: unknown } : undefined
}
