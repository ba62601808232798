/**
 * `npm run gen`: writes the accessors of every layout file and docs/formats.md.
 * With --check it writes nothing and fails when a file differs from what it would write.
 */
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readLayouts } from './read-layouts.ts';
import { writeAccessors } from './write-accessors.ts';
import { writeFormats } from './write-formats.ts';

const LAYOUT_FOLDERS = ['shm', 'engine'];

/** Every generated file of the project: path from its root -> text. */
export function generate(root: string): Map<string, string> {
  const layouts = readLayouts(root, LAYOUT_FOLDERS);
  const files = new Map<string, string>();
  for (const layout of layouts) files.set(layout.path.replace(/\.ts$/, '.gen.ts'), writeAccessors(layout));
  files.set('docs/formats.md', writeFormats(layouts));
  return files;
}

/** Generated files whose text differs from a fresh run, and those whose layout is gone. */
export function findStale(
  root: string,
  files: ReadonlyMap<string, string>,
): { readonly differing: string[]; readonly orphaned: string[] } {
  const differing: string[] = [];
  for (const [path, text] of files) {
    const full = join(root, path);
    if (!existsSync(full) || readFileSync(full, 'utf8') !== text) differing.push(path);
  }
  const present = LAYOUT_FOLDERS.flatMap((folder) => globSync(`${folder}/**/*.layout.gen.ts`, { cwd: root }));
  return { differing, orphaned: present.map((path) => path.replaceAll('\\', '/')).filter((path) => !files.has(path)) };
}

function main(): void {
  const root = join(import.meta.dirname, '../..');
  const files = generate(root);
  const { differing, orphaned } = findStale(root, files);
  if (process.argv.includes('--check')) {
    for (const path of [...differing, ...orphaned]) console.error(`${path} is not current: npm run gen`);
    process.exitCode = differing.length + orphaned.length === 0 ? 0 : 1;
    return;
  }
  for (const path of differing) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), files.get(path) ?? '');
    console.log(`wrote ${path}`);
  }
  for (const path of orphaned) {
    rmSync(join(root, path));
    console.log(`removed ${path}: its layout is gone`);
  }
  console.log(`${files.size} generated files are current`);
}

if (import.meta.main) main();
