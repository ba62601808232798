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
import { open } from 'scratchbird';
const first = open('./database');
first.exec('create table things (id integer primary key, name text not null)');
first.prepare('insert into things values ($1, $2)').run(7, 'a thing');
first.close();
const again = open('./database', { create: false });
const row = again.prepare('select id, name from things where id = $1').get(7);
const far = await again.query('select count(*) as n from things');
const { problems } = again.check();
again.close();
if (row.name !== 'a thing' || far[0].n !== 1 || problems.length > 0) {
  throw new Error('read ' + JSON.stringify(row) + ', ' + JSON.stringify(far) + ', problems ' + problems.length);
}
console.log('scratchbird stored a row in another project and read it: ' + row.name);
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
    run(join(project, 'node_modules/.bin/scratchbird'), ['database', '-c', 'select name from things', '--csv'], project);
    console.log('pack smoke: the package installs and works in another project');
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

main();
