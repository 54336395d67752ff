import { expect, test } from 'vitest'
import { chooseSubnet, NoSubnetError, overlap, routesIn } from './subnet.ts'

test('subnets overlap when one holds an address of the other', () => {
  expect(overlap('10.217.0.0/16', '10.217.3.0/24')).toBe(true)
  expect(overlap('10.217.3.0/24', '10.217.0.0/16')).toBe(true)
  expect(overlap('10.0.0.0/8', '10.217.0.0/16')).toBe(true)
  expect(overlap('10.216.0.0/16', '10.217.0.0/16')).toBe(false)
  expect(overlap('fd00::/64', '10.217.0.0/16')).toBe(false)
})

test('the first subnet that nobody uses is chosen, and none when all are used', () => {
  expect(chooseSubnet(['172.17.0.0/16'])).toBe('10.217.0.0/16')
  expect(chooseSubnet(['10.217.8.0/24'])).toBe('10.231.0.0/16')
  expect(chooseSubnet(['10.0.0.0/8'])).toBe('192.168.128.0/17')
  expect(() => chooseSubnet(['0.0.0.0/0'])).toThrow(NoSubnetError)
})

test("the machine's routes are read, but for the default one", () => {
  const table = [
    'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT',
    'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
    'eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
    'docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
    '',
  ].join('\n')
  expect(routesIn(table)).toEqual(['192.0.2.0/24', '172.17.0.0/16'])
})
