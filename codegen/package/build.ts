/**
 * `npm run build`: the product as JavaScript and declarations in dist/, what `npm pack` ships.
 *
 *   dist/api.js             what programs import; kernel.js: the kernel without SQL; main.js: the command
 *   dist/pool-attach.js, pool-worker.js, query-worker.js      where its threads begin
 *   dist/chunk-*.js         what these have in common
 *   dist/types/             declarations, one for each source
 *
 * The modules are put together (esbuild), because a module costs more than its text: loading 230 of them took 20 MiB of memory
 * that Node did not give back, half of it for V8's compilers, which the loader's own loops had woken.
 *
 * With --link it only makes the checkout importable by its name.
 *
 * Threads begin at an address (`new URL('./x.ts', import.meta.url)`): it becomes that of the entry, which lies beside every chunk.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildSync } from 'esbuild';

const ROOT = join(import.meta.dirname, '../..');
const DIST = join(ROOT, 'dist');

/** What is loaded by name or address: each becomes a file of its own name in dist/. */
const ENTRIES = [
  'engine/api/api.ts',
  'engine/api/kernel.ts',
  'engine/api/pool-attach.ts',
  'engine/api/query-worker.ts',
  'engine/cli/main.ts',
  'engine/jobs/pool-worker.ts',
];

const THREAD_ADDRESS = /(new URL\(\s*['"`])([^'"`]+\.ts)(['"`],\s*import\.meta\.url\s*\))/g;
const DECLARED_IMPORT = /((?:\bfrom\s*|\bimport\s*\(?\s*)['"]\.{1,2}\/[^'"]+)\.ts(['"])/g;

/** Puts the modules of the product into a folder. Its name for the kernel is kernel.js. Throws when they cannot be built. */
export function buildModules(directory: string): void {
  buildSync({
    entryPoints: ENTRIES.map((entry) => join(ROOT, entry)),
    outdir: directory,
    entryNames: '[name]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node26',
    packages: 'external',
    logLevel: 'error',
  });
  for (const file of globSync('*.js', { cwd: directory })) rewrite(join(directory, file), addressThreads);
}

function addressThreads(text: string): string {
  return text.replace(THREAD_ADDRESS, (_, before: string, address: string, after: string) => {
    const name = basename(address, '.ts');
    if (!ENTRIES.some((entry) => basename(entry, '.ts') === name))
      throw new Error(`a thread begins at ${address}, which is no entry`);
    return `${before}./${name}.js${after}`;
  });
}

function rewrite(path: string, change: (text: string) => string): void {
  const text = readFileSync(path, 'utf8');
  const changed = change(text);
  if (changed !== text) writeFileSync(path, changed);
}

/** True when the declarations are written: the sources are right. */
function buildTypes(): boolean {
  const { status, error } = spawnSync('tsc', ['--project', 'tsconfig.build.json'], { cwd: ROOT, stdio: 'inherit' });
  if (error !== undefined) throw error;
  const types = join(DIST, 'types');
  for (const file of globSync('**/*.d.ts', { cwd: types })) {
    rewrite(join(types, file), (text) => text.replace(DECLARED_IMPORT, '$1.js$2'));
  }
  return status === 0;
}

/** Until the checkout is built, what it exports are its sources: `import 'scratchbird'` works in it right after npm ci. */
function linkSources(): void {
  mkdirSync(DIST, { recursive: true });
  for (const entry of ['engine/api/api.ts', 'engine/api/kernel.ts']) {
    const file = join(DIST, `${basename(entry, '.ts')}.js`);
    if (!existsSync(file)) writeFileSync(file, `export * from '../${entry}';\n`);
  }
}

function main(): void {
  if (process.argv.includes('--link')) {
    linkSources();
    return;
  }
  rmSync(DIST, { recursive: true, force: true });
  if (!buildTypes()) {
    process.exitCode = 1;
    return;
  }
  buildModules(DIST);
  console.log(`built ${globSync('*.js', { cwd: DIST }).join(', ')} into dist/`);
}

if (import.meta.main) main();
