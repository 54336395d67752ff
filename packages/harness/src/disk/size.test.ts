import { expect, test } from 'vitest'
import { sizeText } from './size.ts'

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KB'],
  [1024 ** 2 - 1, '1.0 MB'],
  [2 * 2 ** 30, '2.0 GB'],
  [1.94 * 2 ** 40, '1.9 TB'],
  [2 ** 60, '1048576.0 TB'],
])('%i bytes are %s', (bytes, text) => expect(sizeText(bytes)).toBe(text))
