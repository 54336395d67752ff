import { describe, expect, test } from 'vitest'
import { abraShExports } from './abra-sh.ts'

describe('abra.sh', () => {
  test('gives its exports without being executed', () => {
    const text = `#!/bin/bash
# Set any config versions here
export NGINX_CONF_VERSION=v3
export APP_ENTRYPOINT_VERSION="v4"   # bumped
export A='x y' B=2
  export INDENTED=v1
export -f backup
export LATER
OTHER=v1
#export OLD_VERSION=v1
backup() {
  export INSIDE=1
}
export EMPTY=
export LAST=v9; echo done
`
    expect(abraShExports(text)).toEqual({
      NGINX_CONF_VERSION: 'v3',
      APP_ENTRYPOINT_VERSION: 'v4',
      A: 'x y',
      B: '2',
      EMPTY: '',
      LAST: 'v9',
    })
  })

  test('leaves out what only a shell could tell', () => {
    expect(abraShExports('export A=$(touch /tmp/pwned)\nexport B="$HOME"\nexport C=`id`\nexport D=\'$lit\'')).toEqual({
      D: '$lit',
    })
  })

  test('may be empty or have Windows line ends', () => {
    expect(abraShExports('')).toEqual({})
    expect(abraShExports('export A=v1\r\nexport B=v2\r\n')).toEqual({ A: 'v1', B: 'v2' })
  })
})
