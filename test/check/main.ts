/** `npm run check`: everything that can be told without running the product. Each step prints its time; the first fault does not hide the next. */
import { spawnSync } from 'node:child_process';
import { findForbiddenImports } from './house.ts';
import { ROOT, readProject } from './project.ts';
import { findBrokenReadmes } from './readmes.ts';
import { findUnknownRules } from './rules.ts';
import { findDeadFiles, findLeftovers, findLongFiles } from './tidiness.ts';

type Step = { readonly name: string; readonly faults: () => readonly string[] };

/** Runs a tool of node_modules/.bin, which npm puts on the path; its output is the list of faults. */
function runTool(command: string, options: readonly string[]): string[] {
  const { status, stdout, stderr, error } = spawnSync(command, options, { cwd: ROOT, encoding: 'utf8' });
  if (error !== undefined) return [`${command}: ${error.message} (is it installed? npm ci)`];
  return status === 0 ? [] : [`${stdout}${stderr}`.trim() || `${command} ended with ${status}`];
}

const files = readProject();

const STEPS: readonly Step[] = [
  { name: 'types', faults: () => runTool('tsc', ['--noEmit']) },
  {
    name: 'lint and format',
    faults: () => runTool('biome', ['ci', '--colors=off', '--error-on-warnings', '--max-diagnostics=40']),
  },
  {
    name: 'generated files',
    faults: () => ['structs', 'opcodes'].flatMap((kind) => runTool(process.execPath, [`codegen/${kind}/generate.ts`, '--check'])),
  },
  { name: 'import direction', faults: () => findForbiddenImports(files) },
  { name: 'README paths', faults: findBrokenReadmes },
  { name: 'rules cited', faults: () => findUnknownRules(files) },
  { name: 'leftovers', faults: () => findLeftovers(files) },
  { name: 'file length', faults: () => findLongFiles(files) },
  { name: 'dead files', faults: () => findDeadFiles(files) },
];

for (const { name, faults } of STEPS) {
  const start = performance.now();
  const found = faults();
  const time = `${((performance.now() - start) / 1000).toFixed(1)} s`;
  console.log(`${found.length === 0 ? 'ok  ' : 'FAIL'}  ${name.padEnd(18)} ${time}`);
  for (const fault of found) console.log(fault.replace(/^/gm, '      '));
  if (found.length > 0) process.exitCode = 1;
}
