import { stripVTControlCharacters } from 'node:util'
import Anser from 'anser'

/** A piece of a line: its text, and the classes that it is shown with. */
type Span = readonly [classes: string, text: string]

/** A line as pieces; one without any colours is its text. */
export type Line = string | readonly Span[]

/** A line longer than this is cut where it is shown: the whole of it stands in the file. */
const LONGEST_LINE = 4_000

/** Select Graphic Rendition, the only sequences that are honoured. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const COLOURS = /\u001b\[[\d;]*m/g

/** What a terminal would obey and a page must not show: control characters but for the tabulator, and marks that turn text around. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSHOWN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g

const NAMES = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const
const STEPS = [0, 95, 135, 175, 215, 255]

/** The nearest of the eight colours to a mixed one, which could be shown by a style only, and styles are refused. */
function nearest(mixed: string): string {
  const [red = 0, green = 0, blue = 0] = mixed.split(',').map(Number)
  const top = Math.max(red, green, blue)
  const low = Math.min(red, green, blue)
  if (top - low < 40) return top < 85 ? 'black' : 'white'
  const is = (value: number) => (value > (top + low) / 2 ? 1 : 0)
  return NAMES[is(red) + 2 * is(green) + 4 * is(blue)] ?? 'white'
}

/** A colour of the table of 256 as red, green and blue. */
function ofTable(index: number): string {
  if (index >= 232)
    return Array(3)
      .fill(8 + (index - 232) * 10)
      .join(',')
  const cube = index - 16
  return [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((step) => STEPS[step]).join(',')
}

function colour(name: string | null, mixed: string | null, kind: 'fg' | 'bg'): string[] {
  if (!name) return []
  if (name === 'ansi-truecolor') return [`${kind}-${nearest(mixed ?? '')}`]
  const palette = /^ansi-palette-(\d+)$/.exec(name)?.[1]
  if (palette !== undefined) return [`${kind}-${nearest(ofTable(Number(palette)))}`]
  const plain = name.replace(/^ansi-(bright-)?/, '')
  return NAMES.includes(plain as (typeof NAMES)[number]) ? [`${kind}-${plain}`] : []
}

const DECORATIONS: Readonly<Record<string, string>> = {
  bold: 'bold',
  dim: 'dim',
  italic: 'italic',
  underline: 'underline',
}

/** What cc-ci itself writes begins with these signs; the file has them without their colours. */
const SIGNS: readonly (readonly [RegExp, string])[] = [
  [/^\s*✓ /, 'fg-green'],
  [/^\s*✗ /, 'fg-red'],
  [/^\s*[■!?] /, 'fg-yellow'],
  [/^\s*[·…–] /, 'dim'],
]

/** A text as a page may show it: no control characters, none that turn it around. */
export const shownText = (text: string): string => stripVTControlCharacters(text).replace(UNSHOWN, '')

/**
 * A line of output as pieces with classes: colours and bold, dim, italic and underlined text as a terminal would show them, of
 * mixed colours the nearest of the eight. All other control characters are left out. Nothing is escaped: that is up to who
 * puts it into a page.
 */
export function lineOf(raw: string): Line {
  const cut =
    raw.length > LONGEST_LINE ? `${raw.slice(0, LONGEST_LINE)} … (${raw.length - LONGEST_LINE} more characters)` : raw
  const colours = cut.match(COLOURS)
  if (!colours) {
    const text = shownText(cut)
    const sign = SIGNS.find(([pattern]) => pattern.test(text))
    return sign ? [[sign[1], text]] : text
  }
  // Whatever is no colour goes before the library sees it: colours are kept apart meanwhile.
  const plain = cut.split(COLOURS).map(shownText)
  const coloured = plain.map((text, index) => text + (colours[index] ?? '')).join('')
  return Anser.ansiToJson(coloured, { json: true, use_classes: true, remove_empty: true }).flatMap(
    ({ content, fg, fg_truecolor, bg, bg_truecolor, decorations }): Span[] => {
      const text = shownText(content)
      if (!text) return []
      const classes = [
        ...colour(fg, fg_truecolor, 'fg'),
        ...colour(bg, bg_truecolor, 'bg'),
        ...decorations.flatMap((name) => DECORATIONS[name] ?? []),
      ]
      return [[classes.join(' '), text]]
    },
  )
}
