/**
 * `npm run gen`: writes the accessors of every layout file and docs/formats.md.
 * With --check it writes nothing and fails when a file differs from what it would write.
 */
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { furtherFormats } from './further-formats.ts';
import { readLayouts } from './read-layouts.ts';
import { writeAccessors } from './write-accessors.ts';
import { writeFormats } from './write-formats.ts';

const LAYOUT_FOLDERS = ['shm', 'engine'];
const FORMATS = 'docs/formats.md';

const throwIt = (error: Error): never => {
  throw error;
};

/** Every generated file of the project: path from its root -> text. Layouts that cannot be read go to `refuse`. */
export function generate(root: string, refuse: (error: Error) => void = throwIt): Map<string, string> {
  const layouts = readLayouts(root, LAYOUT_FOLDERS, refuse);
  const files = new Map<string, string>();
  for (const layout of layouts) files.set(layout.path.replace(/\.ts$/, '.gen.ts'), writeAccessors(layout));
  files.set(FORMATS, writeFormats(layouts, furtherFormats(root)));
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

/** Writes what differs; the accessors of sound layouts even when another layout is refused. */
function write(root: string, files: ReadonlyMap<string, string>, complete: boolean): void {
  const { differing, orphaned } = findStale(root, files);
  for (const path of differing) {
    if (!complete && path === FORMATS) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), files.get(path) ?? '');
    console.log(`wrote ${path}`);
  }
  for (const path of complete ? orphaned : []) {
    rmSync(join(root, path));
    console.log(`removed ${path}: its layout is gone`);
  }
}

function main(): void {
  const root = join(import.meta.dirname, '../..');
  const refused: Error[] = [];
  const files = generate(root, (error) => refused.push(error));
  for (const error of refused) console.error(error.message);
  if (process.argv.includes('--check')) {
    const { differing, orphaned } = findStale(root, files);
    for (const path of [...differing, ...orphaned]) console.error(`${path} is not current: npm run gen`);
    if (differing.length + orphaned.length > 0) process.exitCode = 1;
  } else {
    write(root, files, refused.length === 0);
    console.log(`${files.size} generated files`);
  }
  if (refused.length > 0) process.exitCode = 1;
}

if (import.meta.main) main();
