/** Measures of processes: time to ready after kill -9, and what an open empty database takes of memory. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildModules } from '../../../codegen/package/build.ts';
import { type BenchContext, limitOf, type Measure, type Running } from '../../harness/measure.ts';

const ROOT = join(import.meta.dirname, '../../..');
const MIB = 1 << 20;

/** Fills a directory with a database that was killed with `mebibytes` of log behind its last checkpoint. */
async function makeKilled(directory: string, mebibytes: number, logSegment: string): Promise<void> {
  const writer = join(import.meta.dirname, 'log-writer.ts');
  const child = spawn(process.execPath, [writer, directory, `${mebibytes}`, logSegment], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  const [first] = await Promise.race([once(child.stdout, 'data'), exit]);
  if (String(first).trim() !== 'written') throw new Error(`the writer of the log ended with ${String(first)}`);
  child.kill('SIGKILL');
  await exit;
}

/** Seconds from openKernel() to the first answer, in a fresh process on a copy of the killed database. */
function timeToReady(context: BenchContext, killed: string): number {
  const copy = join(context.directory, 'copy');
  cpSync(killed, copy, { recursive: true });
  const answer = JSON.parse(
    execFileSync(process.execPath, [join(import.meta.dirname, 'ready-probe.ts'), copy], { encoding: 'utf8' }),
  );
  rmSync(copy, { recursive: true });
  context.digest(answer.rows);
  if (answer.losers !== 1)
    throw new Error(`one transaction was open when the process was killed, ${answer.losers} were rolled back`);
  return answer.seconds;
}

async function readyAfterKill(context: BenchContext): Promise<Running> {
  const killed = join(context.directory, 'killed');
  await makeKilled(killed, context.size(256, 2), context.small ? '1MB' : '64MB');
  return { ours: () => timeToReady(context, killed), peer: limitOf(3) };
}

const SETTLE_MS = 1000;

/** MiB of a fresh process, some time after what `source` does. */
function residentMebibytes(context: BenchContext, source: string): number {
  const settle = context.small ? 10 : SETTLE_MS;
  const program = `${source}\nsetTimeout(() => { console.log(process.memoryUsage.rss()); process.exit(0); }, ${settle});`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the process ended with ${status}: ${stderr}`);
  return Number(stdout) / MIB;
}

/** The product as it is shipped: reading TypeScript would take memory of its own. Whether its types are right is checked elsewhere. */
function buildProduct(directory: string): string {
  const out = join(directory, 'built');
  buildModules(out);
  writeFileSync(join(out, 'package.json'), '{ "type": "module" }');
  symlinkSync(join(ROOT, 'node_modules'), join(out, 'node_modules'));
  return join(out, 'kernel.js');
}

function idleMemory(context: BenchContext): Running {
  const entry = context.small ? join(ROOT, 'engine/api/kernel.ts') : buildProduct(context.directory);
  const database = join(context.directory, 'empty');
  const open = `import { openKernel } from ${JSON.stringify(pathToFileURL(entry).href)};
globalThis.kernel = openKernel(${JSON.stringify(database)});`;
  context.digest('empty');
  return {
    ours: () => {
      const own = residentMebibytes(context, '');
      const withDatabase = residentMebibytes(context, open);
      rmSync(database, { recursive: true });
      return withDatabase - own;
    },
    peer: limitOf(30),
  };
}

export const startMeasures: readonly Measure[] = [
  {
    name: 'ready after kill -9 with 256 MiB of log',
    unit: 's',
    better: 'lower',
    peerName: 'limit',
    bar: 1,
    aim: 3,
    setup: readyAfterKill,
  },
  {
    name: 'idle memory beyond Node',
    unit: 'MiB',
    better: 'lower',
    peerName: 'limit',
    bar: 1,
    aim: 2.5,
    setup: idleMemory,
  },
];
