const EXPORT = /^export[ \t]+(.+)$/
// A name, then single-quoted, double-quoted or bare pieces; what needs a shell to be known ($, backtick) does not match.
const WORD = /^([A-Za-z_][A-Za-z0-9_]*)=((?:'[^']*'|"[^"$`\\]*"|[^\s'"$`\\;&|<>()#])*)(?=$|[\s;&|])/

/**
 * The variables that a recipe's `abra.sh` exports, for the config versions (`export NGINX_CONF_VERSION=v3`). The file is read
 * line by line and never executed: only `export` at the start of a line counts (functions are indented), and values that only
 * a shell could tell (`$(…)`, `$OTHER`) are left out. abra does the same before it loads the compose files.
 */
export function abraShExports(text: string): Record<string, string> {
  const exported = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    let rest = EXPORT.exec(line)?.[1]?.trimStart()
    while (rest) {
      const word = WORD.exec(rest)
      if (!word) break
      exported.set(word[1] ?? '', (word[2] ?? '').replace(/'([^']*)'|"([^"]*)"/g, '$1$2'))
      rest = rest.slice(word[0].length).trimStart()
    }
  }
  return Object.fromEntries(exported)
}
