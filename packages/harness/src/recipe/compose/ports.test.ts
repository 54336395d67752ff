import { describe, expect, test } from 'vitest'
import { shortMount } from './mounts.ts'
import { shortPort } from './ports.ts'

const told = (spec: string): string[] | undefined =>
  shortPort(spec)?.map(({ published, target, protocol }) => `${published}:${target}/${protocol}`)

describe('the short form of a port', () => {
  test.each([
    ['80', ['undefined:80/tcp']],
    ['8080:80', ['8080:80/tcp']],
    ['64738:64738/udp', ['64738:64738/udp']],
    ['127.0.0.1:99:98', ['99:98/tcp']],
    ['[::1]:99:98', ['99:98/tcp']],
    ['127.0.0.1::98', ['undefined:98/tcp']],
    ['9000-9001:8000-8001', ['9000:8000/tcp', '9001:8001/tcp']],
    ['3000-3001', ['undefined:3000/tcp', 'undefined:3001/tcp']],
    ['9000-9001:80', ['9000:80/tcp', '9001:80/tcp']],
  ])('%s is read', (spec, ports) => {
    expect(told(spec)).toEqual(ports)
  })

  test.each(['', 'x', '80/http', '80:', '1-2:1-3', '5-4', '70000', '80/tcp/udp'])('%j is none', (spec) => {
    expect(shortPort(spec)).toBeUndefined()
  })
})

describe('the short form of a mount', () => {
  test.each([
    ['data:/data', 'volume data /data false'],
    ['data:/data:ro', 'volume data /data true'],
    ['/data', 'volume  /data false'],
    ['./page:/page:ro,z', 'bind ./page /page true'],
    ['/etc/localtime:/etc/localtime', 'bind /etc/localtime /etc/localtime false'],
  ])('%s is read', (spec, words) => {
    const { type, source, target, readOnly } = shortMount(spec) ?? {}
    expect([type, source, target, readOnly].join(' ')).toBe(words)
  })

  test.each(['', 'a::b', 'a:b:c:d', ':b'])('%j is none', (spec) => {
    expect(shortMount(spec)).toBeUndefined()
  })
})
