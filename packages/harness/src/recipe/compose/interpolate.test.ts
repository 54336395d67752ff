import { describe, expect, test } from 'vitest'
import { interpolate, TemplateError, templateVariables } from './interpolate.ts'

const env = { A: 'a', EMPTY: '' }

describe('a compose template', () => {
  test.each([
    ['$A', 'a'],
    ['${A}!', 'a!'],
    ['$B', ''],
    ['${B:-d}', 'd'],
    ['${EMPTY:-d}', 'd'],
    ['${EMPTY-d}', ''],
    ['${B-d}', 'd'],
    ['${A:?needed}', 'a'],
    ['${EMPTY?needed}', ''],
    ['${B:-}', ''],
    ['$$A', '$A'],
    ['Path(`/$${1}`)', 'Path(`/${1}`)'],
    ['^https?://(.*)$$', '^https?://(.*)$'],
  ])('%s is filled in as %j', (template, text) => {
    expect(interpolate(template, env)).toBe(text)
  })

  test('does not expand a default inside a default, as docker does not', () => {
    expect(interpolate('${B:-${A}}', env)).toBe('${A}')
  })

  test.each([
    ['a $ b', 'Invalid template: "a $ b"'],
    ['${1}', 'Invalid template'],
    ['${B:?set B}', 'required variable B is missing a value: set B'],
    ['${EMPTY:?set it}', 'required variable EMPTY is missing'],
    ['${B?set B}', 'required variable B is missing'],
  ])('%s cannot be filled in', (template, message) => {
    expect(() => interpolate(template, env)).toThrow(TemplateError)
    expect(() => interpolate(template, env)).toThrow(message)
  })

  test('is not fooled by names every object has', () => {
    expect(interpolate('${constructor}$toString', {})).toBe('')
  })

  test('tells which variables it mentions', () => {
    expect(templateVariables('${STACK_NAME}_db_${SECRET_DB_VERSION:-v1}$$X')).toEqual([
      'STACK_NAME',
      'SECRET_DB_VERSION',
    ])
  })
})
