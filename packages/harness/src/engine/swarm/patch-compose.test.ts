import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { patchCompose, type ServicePatch } from './patch-compose.ts'

const patched = (text: string, patches: Record<string, ServicePatch>, withVersion = false) =>
  parse(patchCompose(text, patches, { withVersion, env: { STACK: 'st' } }), { merge: true }) as {
    services: Record<string, object>
  }

test('labels written as a list stay a list, labels written as a map stay a map', () => {
  const text = `
services:
  app: {image: a, deploy: {labels: ["one=1"]}}
  db: {image: b, deploy: {labels: {one: "1"}}}
`
  const patch = { labels: { two: '2' } }
  expect(patched(text, { app: patch, db: patch })).toEqual({
    services: {
      app: { image: 'a', deploy: { labels: ['one=1', 'two=2'] } },
      db: { image: 'b', deploy: { labels: { one: '1', two: '2' } } },
    },
  })
})

test('a label that is there already is replaced, also where its key is a template', () => {
  const text = 'services: {app: {image: a, deploy: {labels: ["x.${STACK}.v=1", "other=1"]}}}'
  expect(patched(text, { app: { labels: { 'x.st.v': '2' } } }).services.app).toEqual({
    image: 'a',
    deploy: { labels: ['other=1', 'x.st.v=2'] },
  })
})

test('a service without deploy or environment gets them', () => {
  const result = patched('services: {app: {image: a}}', {
    app: { labels: { l: '1' }, environment: { E: '2' }, endpointMode: 'dnsrr' },
  })
  expect(result).toEqual({
    services: { app: { image: 'a', environment: { E: '2' }, deploy: { labels: { l: '1' }, endpoint_mode: 'dnsrr' } } },
  })
})

test('what is patched in is literal: a dollar sign is doubled for docker, quotes and newlines survive', () => {
  const value = 'p$X "quoted"\nline: two'
  const result = patched('services: {app: {image: a}}', { app: { environment: { E: value } } })
  expect(result).toHaveProperty('services.app.environment.E', value.replace('$', '$$$$'))
})

test('scalars that YAML reads as numbers, and templates, come out as they went in', () => {
  const text =
    'services:\n  app:\n    image: ${IMAGE:-a}\n    configs:\n      - {source: c, mode: 0444}\n    ports:\n      - 22:22\n'
  const result = patchCompose(text, { app: { labels: { l: '1' } } }, { withVersion: false, env: {} })
  expect(result).toContain('mode: 0444')
  expect(result).toContain('- 22:22')
  expect(result).toContain('image: ${IMAGE:-a}')
})

test('what several services share by an anchor or a merge key is changed for the one alone', () => {
  const text = `
x-deploy: &deploy {labels: {shared: "yes"}}
x-base: &base {image: a, deploy: *deploy}
services:
  app: {<<: *base}
  db: {image: b, deploy: *deploy}
  web: {<<: [*base]}
`
  const result = patched(text, { app: { labels: { only: 'app' } } })
  expect(result.services.app).toEqual({ image: 'a', deploy: { labels: { shared: 'yes', only: 'app' } } })
  expect(result.services.db).toEqual({ image: 'b', deploy: { labels: { shared: 'yes' } } })
  expect(result.services.web).toEqual({ image: 'a', deploy: { labels: { shared: 'yes' } } })
})

test('ports are replaced by those given, and taken out when none are', () => {
  const text = 'services: {app: {image: a, ports: ["53:53/tcp", "53:53/udp"]}, db: {image: b, ports: ["80"]}}'
  const ports = [
    { target: 53, published: 53, protocol: 'tcp', mode: 'host' },
    { target: 53, published: 53, protocol: 'udp', mode: 'host' },
  ] as const
  const result = patched(text, { app: { ports: [...ports] }, db: { ports: [] } })
  expect(result).toEqual({ services: { app: { image: 'a', ports }, db: { image: 'b' } } })
})

test('a file without a version gets one only when asked', () => {
  expect(patched('services: {app: {image: a}}', {}, true)).toHaveProperty('version', '3.8')
  expect(patched('services: {app: {image: a}}', {})).not.toHaveProperty('version')
})

test('hosts and configs are added to those of a service, however these are written', () => {
  const text = `
services:
  app: {image: a, extra_hosts: ["one:10.0.0.1"], configs: [page]}
  db: {image: b, extra_hosts: {one: 10.0.0.1}}
configs:
  page: {file: ./page}
`
  const patch = { extraHosts: ['two.example.org:10.0.0.2'], configs: [{ source: 'ca', target: '/ca.pem' }] }
  const configs = { ca: { name: 'stack_ca', file: '/tmp/ca$.pem' } }
  const result = patchCompose(text, { app: patch, db: patch }, { withVersion: false, env: {}, configs })
  expect(parse(result)).toEqual({
    services: {
      app: {
        image: 'a',
        extra_hosts: ['one:10.0.0.1', 'two.example.org:10.0.0.2'],
        configs: ['page', { source: 'ca', target: '/ca.pem' }],
      },
      db: {
        image: 'b',
        extra_hosts: { one: '10.0.0.1', 'two.example.org': '10.0.0.2' },
        configs: [{ source: 'ca', target: '/ca.pem' }],
      },
    },
    configs: { page: { file: './page' }, ca: { name: 'stack_ca', file: '/tmp/ca$$.pem' } },
  })
})
