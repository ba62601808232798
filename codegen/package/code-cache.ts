/**
 * What V8 makes of a script of the product, kept beside it: a process that loads it compiles nothing that this has. It holds the
 * functions that were called while it was made: those of opening a database, of a first statement, and of many (training.ts).
 *
 * Made by a process of its own, which runs this file as its program: the folder and the name of the script are its arguments.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Trained, train } from './training.ts';

interface Loaded {
  readonly script: { createCachedData(): Buffer };
  readonly engine: {
    readonly api?: { open(path: string): Opened };
    readonly kernel?: { openKernel(path: string): { close(): void } };
  };
}

interface Opened extends Trained {
  close(): void;
}

/** Writes the cache of a script beside it. Throws when the script does not run. */
export function makeCodeCache(directory: string, bundle: string): void {
  rmSync(join(directory, `${bundle}.cache`), { force: true });
  const { status, stderr, error } = spawnSync(process.execPath, [import.meta.filename, directory, bundle], { encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`what was built as ${bundle} does not run: ${stderr}`);
}

/** What a program does first. Twice: a new database, and one that is there; then what it does later. */
function work({ engine: { api, kernel } }: Loaded, database: string): void {
  for (let turn = 0; kernel !== undefined && turn < 2; turn++) kernel.openKernel(database).close();
  if (api === undefined) return;
  const first = api.open(database);
  first.exec('create table item (id integer primary key, name text not null)');
  first.prepare('insert into item values ($1, $2)').run(1, 'nut');
  first.close();
  const again = api.open(database);
  again.prepare('select id, name from item where id = $1').get(1);
  again.prepare("select name from item where name = 'nut' order by id limit 3").get();
  train(again);
  again.close();
}

const importFrom = (directory: string, file: string): Promise<object> => import(pathToFileURL(join(directory, file)).href);

/** What the package hands on is what its sources export. */
async function checkExports(directory: string, { engine }: Loaded): Promise<void> {
  for (const name of ['api', 'kernel'] as const) {
    const exported = engine[name];
    if (exported === undefined) continue;
    const wanted = Object.keys(exported).sort().join(', ');
    const found = Object.keys(await importFrom(directory, `${name}.js`))
      .sort()
      .join(', ');
    if (found !== wanted) throw new Error(`${name}.js exports ${found}, its source ${wanted}`);
  }
}

async function main(directory: string, bundle: string): Promise<void> {
  const loaded = (await importFrom(directory, `load-${bundle}.js`)) as Loaded;
  await checkExports(directory, loaded);
  const folder = mkdtempSync(join(tmpdir(), 'scratchbird-build-'));
  try {
    work(loaded, join(folder, 'database'));
    writeFileSync(join(directory, `${bundle}.cache`), loaded.script.createCachedData());
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) await main(process.argv[2], process.argv[3]);
