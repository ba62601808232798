/**
 * What `npm pack` makes must install and work elsewhere: packs (which builds), installs the tarball into a project of
 * its own without scripts and without development packages, and runs a program that stores and reads a row.
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './check/project.ts';

/** Runs in the other project: what the package exports is what its users see. Stores a row, opens again, reads it. */
const PROGRAM = `
import { openKernel, ROW_DONE, STATEMENT_SIMPLE } from 'scratchbird';
const columns = [{ name: 'id', kind: 'int32', nullable: false }, { name: 'name', kind: 'text', nullable: false }];
const first = openKernel('./database');
const table = first.createTable({ name: 'things', columns, indexes: [{ name: 'by_id', columns: ['id'], unique: true }] });
const tx = first.begin();
const row = table.newRow();
table.encode(row, [7, 'a thing'], tx);
if (first.statement(tx, STATEMENT_SIMPLE, true, () => table.insert(tx, row)) !== ROW_DONE) throw new Error('no insert');
first.commit(tx);
first.close();
const again = openKernel('./database');
const things = again.table('things');
const found = things.newRow();
const reading = again.begin({ readOnly: true });
let values = [];
again.statement(reading, STATEMENT_SIMPLE, false, () => {
  if (things.find(reading, 'by_id', [7], found)) values = things.decode(found);
  return ROW_DONE;
});
again.rollback(reading);
const { problems } = again.check();
again.close();
if (values.join() !== '7,a thing' || problems.length > 0) throw new Error('read ' + values + ', problems ' + problems.length);
console.log('scratchbird stored a row in another project and read it: ' + values);
`;

function run(command: string, options: readonly string[], cwd: string): void {
  const { status, error } = spawnSync(command, options, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${options.join(' ')} ended with ${status}`);
}

function main(): void {
  const project = mkdtempSync(join(tmpdir(), 'scratchbird-pack-'));
  try {
    run('npm', ['pack', '--silent', '--pack-destination', project], ROOT);
    const [tarball] = globSync('scratchbird-*.tgz', { cwd: project });
    if (tarball === undefined) throw new Error('npm pack made no tarball');
    writeFileSync(join(project, 'package.json'), '{ "name": "elsewhere", "private": true, "type": "module" }');
    run('npm', ['install', '--ignore-scripts', '--omit=dev', '--no-audit', '--no-fund', `./${tarball}`], project);
    writeFileSync(join(project, 'program.mjs'), PROGRAM);
    run(process.execPath, ['program.mjs'], project);
    console.log('pack smoke: the package installs and works in another project');
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

main();
