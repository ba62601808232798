/**
 * The suites as the product is shipped: one build (codegen/package/options.ts) puts them together with the engine that they measure.
 * A name that a module imports is looked up and compared each time it is used, also by optimised code, and a constant from another
 * module is none to the compiler; in the sources nearly every hot line has both.
 *
 * Every file that a suite starts by its place (threads, processes) is built too. Suites and their threads are whole files, as the
 * product is. All lie in one folder; what else asks for its own place is told that of its source.
 */
import { globSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { withConstants } from '../../codegen/package/constants.ts';
import { BUILD_OPTIONS } from '../../codegen/package/options.ts';

const ROOT = join(import.meta.dirname, '../..');

const THREAD_PLACE = /new URL\(\s*'(\.\/[\w.-]+\.ts)',\s*import\.meta\.url\s*\)/g;
/** What a module asks about itself. */
const OWN_PLACE = /\bimport\.meta\.(dirname|url|main)\b/g;
const FILE_PLACE = /join\(import\.meta\.dirname, '([\w-]+\.ts)'\)/g;

/** A built file's name without its ending: that of the source, with its folders. */
const nameOf = (path: string): string => relative(ROOT, path).replace(/\.ts$/, '').replaceAll('/', '-');

/** Where threads and processes begin: whatever a source names by its place. */
function startedFiles(): string[] {
  const started = new Set<string>();
  for (const file of globSync(['engine/**/*.ts', 'bench/suites/**/*.ts'], { cwd: ROOT, exclude: ['**/*.test.ts'] })) {
    const path = join(ROOT, file);
    const text = readFileSync(path, 'utf8');
    for (const [, name] of [...text.matchAll(THREAD_PLACE), ...text.matchAll(FILE_PLACE)]) started.add(join(dirname(path), name));
  }
  return [...started];
}

/** Says where what a source asks for lies, once it is built into `folder`. */
function placesIn(folder: string, entries: ReadonlySet<string>): Plugin {
  const builtFrom = (path: string, name: string): string | null => {
    const wanted = join(dirname(path), name);
    return entries.has(wanted) ? join(folder, `${nameOf(wanted)}.js`) : null;
  };
  return {
    name: 'places',
    setup: ({ onLoad, onResolve }) => {
      // Builds the product itself, from its own place.
      onResolve({ filter: /\/codegen\/package\/build\.ts$/ }, ({ path, resolveDir }) => ({
        path: pathToFileURL(join(resolveDir, path)).href,
        external: true,
      }));
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const own = { dirname: dirname(path), url: pathToFileURL(path).href, main: false };
        const contents = readFileSync(path, 'utf8')
          .replace(THREAD_PLACE, (text, name: string) => {
            const file = builtFrom(path, name);
            return file === null ? text : `new URL(${JSON.stringify(pathToFileURL(file).href)})`;
          })
          .replace(FILE_PLACE, (text, name: string) => {
            const file = builtFrom(path, name);
            return file === null ? text : JSON.stringify(file);
          })
          .replace(OWN_PLACE, (_, what: string) => JSON.stringify(own[what as keyof typeof own]));
        return { contents, loader: 'ts' };
      });
    },
  };
}

/** Builds suites (paths of their sources) into a new folder, which the caller removes. Returns it, and the built file of each suite. */
export async function buildSuites(suites: readonly string[]): Promise<{ readonly folder: string; readonly built: string[] }> {
  // Inside the project: what is not built in is found from there.
  const parent = join(ROOT, 'tmp');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'bench-'));
  const started = startedFiles();
  const isOurs = (path: string): boolean => path.startsWith(join(ROOT, 'engine/'));
  const buildInto = async (entries: readonly string[], splitting: boolean): Promise<void> => {
    const { outputFiles } = await build({
      ...BUILD_OPTIONS,
      write: false,
      splitting,
      format: 'esm',
      entryPoints: Object.fromEntries(entries.map((path) => [nameOf(path), path])),
      outdir: folder,
      plugins: [placesIn(folder, new Set(started))],
    });
    for (const { path, text } of outputFiles) writeFileSync(path, withConstants(text));
  };
  await buildInto([...suites, ...started.filter((path) => !isOurs(path))], false);
  // A thread of the pool begins in one of these and is handed another: what they have in common is there once.
  await buildInto(started.filter(isOurs), true);
  return { folder, built: suites.map((path) => join(folder, `${nameOf(path)}.js`)) };
}
