/**
 * `npm run build`: the product's sources as JavaScript and declarations in dist/, what `npm pack` ships.
 *
 * tsc turns './x.ts' into './x.js' in imports; what it leaves alone is done here: the addresses of worker threads
 * (`new URL('./x.ts', import.meta.url)`) and the imports of the declarations.
 */
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const DIST = join(ROOT, 'dist');

const WORKER_ADDRESS = /(new URL\(\s*['"`]\.{1,2}\/[^'"`]+)\.ts(['"`],\s*import\.meta\.url\s*\))/g;
const DECLARED_IMPORT = /((?:\bfrom\s*|\bimport\s*\(?\s*)['"]\.{1,2}\/[^'"]+)\.ts(['"])/g;

function rewrite(pattern: string, search: RegExp): void {
  for (const path of globSync(pattern, { cwd: DIST })) {
    const text = readFileSync(join(DIST, path), 'utf8');
    const rewritten = text.replace(search, '$1.js$2');
    if (rewritten !== text) writeFileSync(join(DIST, path), rewritten);
  }
}

function main(): void {
  rmSync(DIST, { recursive: true, force: true });
  const { status, error } = spawnSync('tsc', ['--project', 'tsconfig.build.json'], { cwd: ROOT, stdio: 'inherit' });
  if (error !== undefined) throw error;
  if (status !== 0) {
    process.exitCode = 1;
    return;
  }
  rewrite('**/*.js', WORKER_ADDRESS);
  rewrite('**/*.d.ts', DECLARED_IMPORT);
  console.log(`built ${globSync('**/*.js', { cwd: DIST }).length} modules into dist/`);
}

main();
