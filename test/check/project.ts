/** The files of the project, as the checks see them: text, and which file names which. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/** The folders that hold source. */
export const SOURCE_FOLDERS = ['shm', 'engine', 'codegen', 'parsers', 'plugins', 'bench', 'test'];

export type Import = {
  /** 'engine/storage/page.ts' for a file of the project, else the package or 'node:fs'. */
  readonly target: string;
  readonly isProject: boolean;
  /** import type, which leaves no trace in the running program. */
  readonly isType: boolean;
};

export type ProjectFile = { readonly path: string; readonly text: string; readonly imports: readonly Import[] };

const isOurs = (path: string): boolean => !/(^|\/)(node_modules|dist)\//.test(path);

/** Paths from the root, with forward slashes, sorted; nothing installed and nothing built. */
export function findPaths(patterns: readonly string[]): string[] {
  const found = patterns.flatMap((pattern) => globSync(pattern, { cwd: ROOT }));
  return found
    .map((path) => path.replaceAll('\\', '/'))
    .filter(isOurs)
    .sort();
}

export const readText = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

export const exists = (path: string): boolean => existsSync(join(ROOT, path));

/** `import { a } from 'b'`, `export type { A } from 'b'`, `import 'b'`. The words between hold no operator, so code does not look alike. */
const STATEMENT = /^(?:import|export)\s+(?:(type)\s+)?(?:[\w$*\s{},]*\sfrom\s+)?['"]([^'"\n]+)['"]/gm;
const DYNAMIC = /\bimport\(\s*['"]([^'"\n]+)['"]/g;

/** Everything that a file imports, also for its types only. */
export function importsOf(path: string, text: string): Import[] {
  const resolve = (target: string, isType: boolean): Import =>
    target.startsWith('.')
      ? { target: posix.join(posix.dirname(path), target), isProject: true, isType }
      : { target, isProject: false, isType };
  return [
    ...[...text.matchAll(STATEMENT)].map(([, type, target]) => resolve(target, type !== undefined)),
    ...[...text.matchAll(DYNAMIC)].map(([, target]) => resolve(target, false)),
  ];
}

/** Every source file, generated ones too. */
export function readProject(): ProjectFile[] {
  return findPaths(SOURCE_FOLDERS.map((folder) => `${folder}/**/*.ts`)).map((path) => {
    const text = readText(path);
    return { path, text, imports: importsOf(path, text) };
  });
}

/** Files that are there for tests only: they may import anything, no product file imports them, and the package is without them. */
export const isTestFile = (path: string): boolean =>
  /^(test|bench)\//.test(path) || /\.(test|fuzz|case)\.ts$|-(fixture|model|test-worker)\.ts$/.test(path);
