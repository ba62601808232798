/**
 * What `npm pack` makes must install and work elsewhere: packs (which builds), installs the tarball into a project of
 * its own without scripts and without development packages, runs a program that stores and reads a row, and compiles one in
 * TypeScript against its declarations.
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

/** What a program in TypeScript says and what it may not say: compiled under strict, libraries included. */
const TYPED = `
import { attach, Database, open, SqlError } from 'scratchbird';
import type { AsyncResult, AsyncSession, ColumnDescription, DatabaseHandle, DatabaseNotice, DatabaseReport, DatabaseStats } from 'scratchbird';
import type { OpenOptions, QueryOptions, Rows, RunResult, ScriptResult, Statement, TransactionFunction } from 'scratchbird';

interface Item { id: number; name: string; price: string }
export const options: OpenOptions = { cacheSize: '16MB', durability: 'relaxed', int8: 'bigint', pool: 0 };
using db: Database = open(':memory:', options);
export const result: RunResult = db.prepare('insert into item values ($1, $2, $3)').run(1, 'nut', 0.05);
export const item: Statement<Item> = db.prepare<Item>('select * from item where id = $1');
export const one: Item | undefined = item.get(1);
for (const { name } of item.iterate(1)) name.toUpperCase();
export const raw: unknown[][] = db.prepare('select 1').raw().all();
export const columns: ColumnDescription[] = item.columns();
export const move: TransactionFunction<[number, number], number> = db.transaction((a: number, b: number) => a + b);
export const sum: number = move(1, 2) + move.serializable(1, 2) + move.retry(3).readOnly(1, 2);
export const session: AsyncSession = db.session();
export const answer: AsyncResult<Item> = await session.run<Item>('select * from item where id = :id', { id: 1 });
export const rows: Rows<Item> = db.query<Item>('select * from item', [], { signal: AbortSignal.timeout(9) } satisfies QueryOptions);
export const all: Item[] = await rows;
for await (const { price } of db.query<Item>('select * from item')) price.padStart(3);
export const handle: DatabaseHandle = db.handle;
export const other: Database = attach(handle);
export const stats: DatabaseStats = db.stats();
export const report: DatabaseReport = db.check();
export const last: ScriptResult | null = db.execute('select 1');
db.onNotice((notice: DatabaseNotice) => notice.message.trim());
await db.backup('copy', { progress: ({ copied, total }) => void (copied / total) });
export const code = (error: unknown): string | undefined => (error instanceof SqlError ? error.constraint ?? error.code : undefined);
// @ts-expect-error a column that its rows do not have
one?.nosuch;
// @ts-expect-error an option that there is not
open('x', { nosuch: 1 });
`;

const COMPILER_OPTIONS = {
  strict: true,
  ...{ module: 'nodenext', target: 'esnext', lib: ['esnext'], noEmit: true, noUncheckedIndexedAccess: true },
  ...{ types: ['node'], typeRoots: [join(ROOT, 'node_modules/@types')] },
};

function compileTyped(project: string): void {
  writeFileSync(join(project, 'program.ts'), TYPED);
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: COMPILER_OPTIONS, files: ['program.ts'] }));
  run(join(ROOT, 'node_modules/.bin/tsc'), ['--project', 'tsconfig.json'], project);
}

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
    compileTyped(project);
    console.log('pack smoke: the package installs and works in another project');
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

main();
