/**
 * What V8 makes of the engine's script, kept beside it: a process that loads the engine compiles nothing that this has. It holds
 * the functions that were called while it was made: those of opening a database and of a first statement.
 *
 * Made by a process of its own, which runs this file as its program: the folder with the engine is its argument.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

interface Loaded {
  readonly script: { createCachedData(): Buffer };
  readonly engine: { readonly api: { open(path: string): Opened }; readonly kernel: object };
}

interface Opened {
  exec(text: string): unknown;
  prepare(text: string): { get(...values: unknown[]): unknown; run(...values: unknown[]): unknown };
  close(): void;
}

/** Writes engine.cache beside the engine in a folder. Throws when the engine does not run. */
export function makeCodeCache(directory: string): void {
  rmSync(join(directory, 'engine.cache'), { force: true });
  const { status, stderr, error } = spawnSync(process.execPath, [import.meta.filename, directory], { encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`the engine that was built does not run: ${stderr}`);
}

/** What a program does first. Twice: a new database, and one that is there. */
function work({ engine }: Loaded, database: string): void {
  const first = engine.api.open(database);
  first.exec('create table item (id integer primary key, name text not null)');
  first.prepare('insert into item values ($1, $2)').run(1, 'nut');
  first.close();
  const again = engine.api.open(database);
  again.prepare('select id, name from item where id = $1').get(1);
  again.prepare("select name from item where name = 'nut' order by id limit 3").get();
  again.close();
}

const importFrom = (directory: string, file: string): Promise<object> => import(pathToFileURL(join(directory, file)).href);

/** What the package hands on is what its sources export. */
async function checkExports(directory: string, { engine }: Loaded): Promise<void> {
  for (const name of ['api', 'kernel'] as const) {
    const wanted = Object.keys(engine[name]).sort().join(', ');
    const found = Object.keys(await importFrom(directory, `${name}.js`))
      .sort()
      .join(', ');
    if (found !== wanted) throw new Error(`${name}.js exports ${found}, its source ${wanted}`);
  }
}

async function main(directory: string): Promise<void> {
  const loaded = (await importFrom(directory, 'load.js')) as Loaded;
  await checkExports(directory, loaded);
  const folder = mkdtempSync(join(tmpdir(), 'scratchbird-build-'));
  try {
    work(loaded, join(folder, 'database'));
    writeFileSync(join(directory, 'engine.cache'), loaded.script.createCachedData());
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) await main(process.argv[2]);
