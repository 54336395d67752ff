import { describe, expect, test } from 'vitest'
import { editEnv, parseEnv } from './env-file.ts'

describe('reading an .env file', () => {
  test.each([
    ['A=b', 'b'],
    ['A=', ''],
    ['A= b ', 'b'],
    ['A=hello world', 'hello world'],
    ['A="b c"', 'b c'],
    ["A='b c'", 'b c'],
    ["A='$HOME'", '$HOME'],
    ['A="say \\"hi\\"\\n\\$5"', 'say "hi"\n$5'],
    ['A=a#b', 'a#b'],
    ['A=#fff', '#fff'],
    ["A=it's fine", "it's fine"],
    ['A="$X":y', 'x:y'],
    ['A="unclosed', '"unclosed'],
    ['export A=b', 'b'],
    ['A = b', 'b'],
    ['A=b\r\n', 'b'],
    ['A="two\nlines"\nB=1', 'two\nlines'],
    ['A=${X}y$X', 'xyx'],
    ['A=$UNKNOWN', ''],
    ['A=\\$X', '$X'],
    ['A=${X:-d}', '${X:-d}'],
    ['A="\\\\$X"', '\\x'],
    ['A=, `www.x`', ', `www.x`'],
  ])('reads %j as %j', (text, value) => {
    expect(parseEnv(`X=x\n${text}`).values.A).toBe(value)
  })

  test('a stray quote does not swallow the lines below, a key over several lines is read whole', () => {
    expect(parseEnv(`A='tis\nB='x'\n`).values).toEqual({ A: "'tis", B: 'x' })
    const key = '-----BEGIN KEY-----\nMIIB\nZm9vYg==\n-----END KEY-----'
    expect(parseEnv(`A="${key}" # pem\nB=1`).values).toEqual({ A: key, B: '1' })
  })

  test('keeps the comment after a value, which carries the modifiers of a secret', () => {
    const { lines } = parseEnv(
      ['SECRET_A_VERSION=v1 # length=64 charset=hex', 'B="v1" #generate=false', 'C= # none', 'D=x'].join('\n'),
    )
    expect(lines.map((line) => [line.key, line.value, line.comment])).toEqual([
      ['SECRET_A_VERSION', 'v1', 'length=64 charset=hex'],
      ['B', 'v1', 'generate=false'],
      ['C', '', 'none'],
      ['D', 'x', undefined],
    ])
  })

  test('lets COMPOSE_FILE refer to itself, line by line, from compose.yml on', () => {
    const sample = [
      'COMPOSE_FILE="$COMPOSE_FILE:compose.a.yml"',
      '#COMPOSE_FILE="$COMPOSE_FILE:compose.b.yml"',
      'COMPOSE_FILE="${COMPOSE_FILE}:postgres/compose.c.yml"',
    ].join('\n')
    expect(parseEnv(sample).values).toEqual({ COMPOSE_FILE: 'compose.yml:compose.a.yml:postgres/compose.c.yml' })
    expect(parseEnv('A=1').values).toEqual({ A: '1' })
  })

  test('tells commented-out assignments from prose', () => {
    const { commented, values } = parseEnv(
      ['# SECRET_X_VERSION=v1 # length=43', '## Set FOO=bar to win', '# length=64 charset=hex', '#SMTP="a b"'].join(
        '\n',
      ),
    )
    expect(commented).toEqual([
      { key: 'SECRET_X_VERSION', value: 'v1', comment: 'length=43' },
      { key: 'SMTP', value: 'a b', comment: undefined },
    ])
    expect(values).toEqual({})
  })
})

describe('editing an .env file', () => {
  test('starts a new line when the text ends in a comment without a newline', () => {
    expect(editEnv('TYPE=x\n# the end', { DOMAIN: 'a.b' })).toBe('TYPE=x\n# the end\nDOMAIN=a.b\n')
  })

  test('replaces in place and keeps comments, commented-out lines and Windows line ends', () => {
    expect(editEnv('A=1 # one\r\n# A=2\r\nB=\r\n', { A: 'x y', B: 'z', C: '' })).toBe(
      "A='x y' # one\r\n# A=2\r\nB=z\r\nC=\r\n",
    )
    expect(editEnv('A= # one', { A: '' })).toBe('A=  # one')
  })

  test('gives every assignment of a key the new value, so that lines in between see it', () => {
    const edited = editEnv('D=a\nU=https://$D\nD=b\n', { D: 'c' })
    expect(parseEnv(edited).values).toEqual({ D: 'c', U: 'https://c' })
  })

  test('refuses a key that is no variable name', () => {
    expect(() => editEnv('', { 'A B': 'x' })).toThrow('"A B" is not a name')
  })
})
