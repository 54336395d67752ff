import { describe, expect, test } from 'vitest'
import { leads, parseRule, RuleError } from './rule.ts'

const goes = (rule: string, host: string, path = '/'): boolean => parseRule(rule).some((way) => leads(way, host, path))

describe('a router rule', () => {
  test('of one host leads that host and no other, whatever its case', () => {
    expect(goes('Host(`a.example.org`)', 'A.example.org')).toBe(true)
    expect(goes('Host(`A.example.org`)', 'a.example.org')).toBe(true)
    expect(goes('Host(`a.example.org`)', 'b.example.org')).toBe(false)
  })

  test('takes further hosts after || and after a comma', () => {
    for (const rule of ['Host(`a.b`) || Host(`www.a.b`)', 'Host(`a.b`, `www.a.b`)', 'Host("a.b","www.a.b")']) {
      expect(goes(rule, 'a.b')).toBe(true)
      expect(goes(rule, 'www.a.b')).toBe(true)
      expect(goes(rule, 'x.a.b')).toBe(false)
    }
  })

  test('of a host and a path prefix wants both', () => {
    const rule = 'Host(`a.b`) && PathPrefix(`/api`, `/admin`)'
    expect(goes(rule, 'a.b', '/api/v1')).toBe(true)
    expect(goes(rule, 'a.b', '/admin')).toBe(true)
    expect(goes(rule, 'a.b', '/')).toBe(false)
    expect(goes(rule, 'c.b', '/api')).toBe(false)
  })

  test('may use brackets, and && binds tighter than ||', () => {
    const bracketed = '(Host(`a`) || Host(`b`)) && Path(`/x`)'
    expect(goes(bracketed, 'b', '/x')).toBe(true)
    expect(goes(bracketed, 'a', '/x/y')).toBe(false)
    const plain = 'Host(`a`) || Host(`b`) && Path(`/x`)'
    expect(goes(plain, 'a', '/anything')).toBe(true)
    expect(goes(plain, 'b', '/anything')).toBe(false)
  })

  test.each([
    ['HostRegexp(`.+`)', '"HostRegexp" is not supported'],
    ['!Host(`a`)', '"!" is not supported'],
    ['Host(`a`', '")" was expected at the end'],
    ['Host(`a`) Host(`b`)', 'is not understood'],
    ['Host(`a`) & Path(`/`)', 'is not understood'],
    ['', 'ends too early'],
    ['Host(`a`) && Host(`b`)', 'two hosts'],
  ])('that is %s is refused with the reason', (rule, reason) => {
    expect(() => parseRule(rule)).toThrow(RuleError)
    expect(() => parseRule(rule)).toThrow(reason)
  })
})
