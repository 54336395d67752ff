import { describe, expect, test } from 'vitest'
import { type RoutedTask, routingTable } from './table.ts'

const service = (id: string, rule: string) => ({
  id,
  name: id,
  labels: {
    'traefik.enable': 'true',
    [`traefik.http.routers.${id}.rule`]: rule,
    [`traefik.http.services.${id}.loadbalancer.server.port`]: '80',
  },
})

const task = (serviceId: string, state: string, address: string): RoutedTask => ({
  serviceId,
  state,
  addresses: [address],
})

describe('the routing table', () => {
  test('sends requests to running tasks only, in turn', () => {
    const table = routingTable(
      [service('a', 'Host(`a.x`)')],
      [task('a', 'running', '10.0.0.2'), task('a', 'starting', '10.0.0.3'), task('a', 'running', '10.0.0.4')],
    )
    const upstreams = [1, 2, 3].map(() => table.find('a.x', '/'))
    expect(upstreams).toEqual(
      ['10.0.0.2:80', '10.0.0.4:80', '10.0.0.2:80'].map((upstream) => ({ upstream, scheme: 'http' })),
    )
  })

  test('knows no server for a service without a running task, and nothing of other hosts', () => {
    const table = routingTable([service('a', 'Host(`a.x`)')], [task('a', 'starting', '10.0.0.3')])
    expect(table.find('a.x', '/')).toBe('no server')
    expect(table.find('b.x', '/')).toBe('not found')
  })

  test('prefers the longer rule', () => {
    const table = routingTable(
      [service('site', 'Host(`a.x`)'), service('api', 'Host(`a.x`) && PathPrefix(`/api`)')],
      [task('site', 'running', '10.0.0.2'), task('api', 'running', '10.0.0.3')],
    )
    expect(table.find('a.x', '/api/users')).toMatchObject({ upstream: '10.0.0.3:80' })
    expect(table.find('a.x', '/about')).toMatchObject({ upstream: '10.0.0.2:80' })
  })

  test('is pending while a routed service has a task on its way up, or none yet', () => {
    const services = [service('a', 'Host(`a.x`)')]
    expect(routingTable(services, []).pending).toBe(true)
    expect(routingTable(services, [task('a', 'preparing', '')]).pending).toBe(true)
    expect(routingTable(services, [task('a', 'failed', ''), task('a', 'running', '10.0.0.2')]).pending).toBe(false)
    expect(routingTable([], [task('other', 'preparing', '')]).pending).toBe(false)
  })
})
