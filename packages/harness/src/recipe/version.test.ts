import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bumpKind, compareVersions, parseVersion, type RecipeVersion } from './version.ts'

const version = (text: string): RecipeVersion => {
  const parsed = parseVersion(text)
  if (!parsed) throw new Error(`${text} is no version`)
  return parsed
}

describe('recipe versions', () => {
  test('are X.Y.Z+upstream, split at the first plus', () => {
    expect(parseVersion('2.0.1+1.0.6-social-amd64')).toEqual({
      text: '2.0.1+1.0.6-social-amd64',
      semver: '2.0.1',
      upstream: '1.0.6-social-amd64',
    })
    expect(parseVersion('5.1.1+v3.6.15+b')?.upstream).toBe('v3.6.15+b')
  })

  test.each(['v1.0.0', 'v2.4.8+1', '1.0.0', '1.0+1', '1.0.0+', '1.0.0-rc1+1', ' 1.0.0+1', '', 'main'])(
    '%j is not one',
    (text) => {
      expect(parseVersion(text)).toBeUndefined()
    },
  )

  test('are ordered as numbers, then by the natural order of the upstream text', () => {
    const sorted = ['10.7.1+26.6.2', '1.10.0+1.28.0', '1.9.0+1.29.0', '1.10.0+1.9.0', '2.0.0+1'].map(version)
    expect(sorted.sort(compareVersions).map(({ text }) => text)).toEqual([
      '1.9.0+1.29.0',
      '1.10.0+1.9.0',
      '1.10.0+1.28.0',
      '2.0.0+1',
      '10.7.1+26.6.2',
    ])
  })

  test('have one order whichever way round they are asked', () => {
    const any = fc
      .tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.stringMatching(/^[A-Za-z0-9.+-]{1,4}$/))
      .map(([major, minor, patch, upstream]) => version(`${major}.${minor}.${patch}+${upstream}`))
    fc.assert(
      fc.property(any, any, (a, b) => {
        expect(compareVersions(a, b) + compareVersions(b, a)).toBe(0)
        expect(compareVersions(a, b) === 0).toBe(a.text === b.text)
      }),
    )
  })

  test.each([
    ['1.0.0+1', '2.0.0+1', 'major'],
    ['1.0.0+1', '1.1.0+1', 'minor'],
    ['1.0.0+1', '1.0.1+1', 'patch'],
    ['1.0.0+1', '1.0.0+2', 'none'],
    ['2.0.0+1', '1.9.9+1', 'downgrade'],
  ])('%s to %s is %s', (from, to, kind) => {
    expect(bumpKind(version(from), version(to))).toBe(kind)
  })
})
