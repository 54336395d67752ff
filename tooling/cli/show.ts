import {
  customisationLine,
  findRecord,
  indent,
  isRunning,
  judgedLine,
  lintSection,
  loadSettings,
  type Paint,
  paintFor,
  type RunRecord,
  runDir,
  runSummary,
} from '@cc-ci/harness'

/** A recorded run for a person: what was tested, each test, the stages and the verdict. */
function showLines(record: RunRecord, folder: string, paint: Paint): string[] {
  const base = record.base ? `, upgrade from ${record.base}` : ''
  const quick = record.mode === 'quick' && 'quick: lower confidence'
  const asked = [quick, record.ref && `ref ${record.ref}`, record.pr && `pull request ${record.pr}`]
    .filter(Boolean)
    .join(', ')
  const options = customisationLine(record.customisation, record.customisationFrom)
  const began = new Date(record.startedAt).toISOString().slice(0, 16).replace('T', ' ')
  return [
    `  ${paint('bold', record.recipe)}${asked ? ` (${asked})` : ''}  ${paint('dim', record.id)}`,
    `  ${record.version ?? 'version unknown'}${base}, plan ${record.plan ?? 'unknown'}, began ${began} UTC on ${record.host}`,
    ...(options ? [paint('dim', `  ${options}`)] : []),
    ...record.quirks.map((quirk) => paint('dim', `  this host: ${quirk}`)),
    ...record.stages
      .filter((stage) => stage.tests.length > 0)
      .flatMap((stage) => [
        `  ${paint('bold', stage.stage)}`,
        ...stage.tests.flatMap((test) => [
          judgedLine(test, stage.stage, paint),
          ...(test.error ? [indent(`${test.error.name}: ${test.error.message}`, '        ')] : []),
        ]),
        ...(stage.details ?? []).map((detail) => paint('dim', `    · ${detail}`)),
      ]),
    ...lintSection(record, paint),
    ...runSummary(record, folder, undefined, paint),
  ]
}

/** `cc-ci show`: one recorded run. */
export async function showCommand(name: string, flags: { json?: boolean }, root: string): Promise<void> {
  const { stateDir } = await loadSettings({ cwd: root })
  const record = findRecord(stateDir, name)
  if (flags.json) {
    console.log(JSON.stringify(record, null, 2))
    return
  }
  for (const line of showLines(record, runDir(stateDir, record.id), paintFor(process.stdout))) console.log(line)
  if (isRunning(record)) console.log('  It is still running.\n')
  else if (record.state === 'running') console.log('  Its process is gone: it was cut off.\n')
}
