/**
 * `npm run build`: the product as JavaScript and declarations in dist/, what `npm pack` ships.
 *
 *   dist/engine.cjs         the embedded engine, as one script; engine.cache: what V8 made of it (code-cache.ts)
 *   dist/kernel.cjs         the kernel without SQL: a fifth of that, for who wants no more
 *   dist/server.cjs         the server and the command, with the engine in them: no other program pays for their code
 *   dist/load-engine.js     runs the first script, once a thread; load-kernel.js and load-server.js the others
 *   dist/api.js             what programs import; kernel.js: the kernel without SQL; main.js: the command
 *   dist/pool-attach.js, heavy-worker.js ...                  where its threads begin
 *   dist/plugins/           each dialect as one file that a running server takes (dialects.ts)
 *   dist/types/             declarations, one for each source
 *
 * The modules are put together (esbuild), because a module costs more than its text: loading 230 of them took 20 MiB of memory
 * that Node did not give back, half of it for V8's compilers, which the loader's own loops had woken. A script and not a module,
 * because Node takes what V8 has compiled before for scripts only: compiling is half of the time to a first answer.
 *
 * With --link it only makes the checkout importable by its name.
 *
 * Threads begin at an address (`new URL('./x.ts', import.meta.url)`): it becomes that of the file in dist/.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildSync } from 'esbuild';
import { makeCodeCache } from './code-cache.ts';
import { withConstants } from './constants.ts';
import { buildDialects, lookaheadTables } from './dialects.ts';
import { BUILD_OPTIONS } from './options.ts';

const ROOT = join(import.meta.dirname, '../..');
const DIST = join(ROOT, 'dist');

/** What is loaded by name or address, each with what its file in dist/ does: hands on what the source exports, or calls some of it. */
const ENTRIES: { readonly [source: string]: 'exports' | string } = {
  'engine/api/api.ts': 'exports',
  'engine/api/kernel.ts': 'exports',
  'engine/api/pool-attach.ts': 'exports',
  'engine/api/query-loop.ts': 'query-worker: runQueries',
  'engine/cli/main.ts': 'main: main',
  'engine/jobs/pool-worker.ts': 'exports',
  'engine/server/heavy-worker.ts': 'exports',
  'engine/server/log-entry.ts': 'log-thread: runLogThread',
  'engine/server/worker-entry.ts': 'worker-thread: runWorkerThread',
  'plugins/host/probe-entry.ts': 'probe-thread: runProbe',
};

/** What is put together into one script: the entries whose files load it, and what else it exports (code-cache.ts). */
const BUNDLES: { readonly [bundle: string]: { readonly entries: readonly string[]; readonly more: readonly string[] } } = {
  engine: {
    entries: ['engine/api/api.ts', 'engine/api/pool-attach.ts', 'engine/api/query-loop.ts', 'engine/jobs/pool-worker.ts'],
    more: [],
  },
  kernel: { entries: ['engine/api/kernel.ts'], more: [] },
  server: {
    entries: [
      ...['engine/cli/main.ts', 'engine/server/heavy-worker.ts', 'engine/server/log-entry.ts'],
      ...['engine/server/worker-entry.ts', 'plugins/host/probe-entry.ts'],
    ],
    more: ['engine/api/api.ts'],
  },
};
const THREAD_ADDRESS = /(new URL\(\s*['"`])([^'"`]+\.ts)(['"`],\s*MODULE_URL\s*\))/g;
const DECLARED_IMPORT = /((?:\bfrom\s*|\bimport\s*\(?\s*)['"]\.{1,2}\/[^'"]+)\.ts(['"])/g;

/** Puts the modules of the product into a folder. Its name for the kernel is kernel.js. Throws when they cannot be built. */
export function buildModules(directory: string): void {
  mkdirSync(directory, { recursive: true });
  const inputs = Object.keys(BUNDLES).map((bundle) => buildBundle(directory, bundle));
  writeFileSync(join(directory, 'LICENSES.txt'), licensesOf(inputs.flat()));
  for (const bundle of Object.keys(BUNDLES)) makeCodeCache(directory, bundle);
}

/** One script with its loader and the entries that load it. The files that went into it. */
function buildBundle(directory: string, bundle: string): string[] {
  const { entries, more } = BUNDLES[bundle];
  const sources = [...entries, ...more];
  const { outputFiles, metafile } = buildSync({
    stdin: {
      contents: sources.map((source) => `export * as ${identifierOf(source)} from './${source}';`).join('\n'),
      resolveDir: ROOT,
    },
    write: false,
    metafile: true,
    ...BUILD_OPTIONS,
    format: 'cjs',
    // Declarations of structures are for the generator of accessors and for tests.
    pure: ['defineStruct'],
    define: {
      ...BUILD_OPTIONS.define,
      PREPARED_LOOKAHEAD: JSON.stringify(lookaheadTables()),
      'import.meta.url': 'MODULE_URL',
      'import.meta.dirname': 'MODULE_FOLDER',
      'import.meta.main': 'false',
    },
    // The others are built in.
    packages: 'bundle',
    external: ['piscina'],
  });
  const text = withConstants(addressThreads(outputFiles[0].text));
  writeFileSync(
    join(directory, `${bundle}.cjs`),
    `(function (exports, require, module, MODULE_URL, MODULE_FOLDER) {${text}\nreturn module.exports;\n})`,
  );
  writeFileSync(join(directory, `load-${bundle}.js`), loaderOf(bundle));
  for (const source of entries) writeEntry(directory, bundle, source);
  return Object.keys(metafile.inputs);
}

/** As the name of its exports in the engine. */
const identifierOf = (source: string): string => basename(source, '.ts').replace(/-(.)/g, (_, letter) => letter.toUpperCase());

/** The file of dist/ that a program or thread of the source begins in. */
const fileOf = (source: string): string =>
  ENTRIES[source] === 'exports' ? basename(source, '.ts') : ENTRIES[source].split(': ')[0];

function writeEntry(directory: string, bundle: string, source: string): void {
  const name = identifierOf(source);
  const file = join(directory, `${fileOf(source)}.js`);
  const what = ENTRIES[source];
  if (what !== 'exports') {
    const isCommand = source.startsWith('engine/cli/');
    const call = `import { engine } from './load-${bundle}.js';\nawait engine.${name}.${what.split(': ')[1]}();\n`;
    writeFileSync(file, isCommand ? `#!/usr/bin/env node\n${call}` : call, { mode: isCommand ? 0o755 : 0o644 });
    return;
  }
  const names = exportedNames(readFileSync(join(ROOT, source), 'utf8'));
  writeFileSync(file, `import { engine } from './load-${bundle}.js';\nexport const { ${names.join(', ')} } = engine.${name};\n`);
}

/** Names of the values that a source exports. */
function exportedNames(text: string): string[] {
  const declared = [...text.matchAll(/^export (?:async )?(?:function|const|class) (\w+)/gm)].map((found) => found[1]);
  const handedOn = [...text.matchAll(/^export \{([^}]*)\}/gm)].flatMap((found) => found[1].split(','));
  return [...declared, ...handedOn.map((name) => name.trim()).filter((name) => name !== '' && !name.startsWith('type '))];
}

/**
 * What V8 compiled of the engine is taken if it was made by the same V8 with the same flags; if not, V8 says so and compiles. Node's
 * modules are asked for without import: an import of fs loads its streams.
 */
const loaderOf = (bundle: string): string => `const { readFileSync } = process.getBuiltinModule('node:fs');
const { createRequire } = process.getBuiltinModule('node:module');
const { constants, Script } = process.getBuiltinModule('node:vm');

const fileOf = (name) => \`\${import.meta.dirname}/\${name}\`;

function compiledBefore() {
  try {
    return readFileSync(fileOf('${bundle}.cache'));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

export const script = new Script(readFileSync(fileOf('${bundle}.cjs'), 'latin1'), {
  filename: fileOf('${bundle}.cjs'),
  cachedData: compiledBefore(),
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});
const module = { exports: {} };
export const engine = script.runInThisContext()(
  module.exports,
  createRequire(import.meta.url),
  module,
  import.meta.url,
  import.meta.dirname,
);
`;

function addressThreads(text: string): string {
  return text.replace(THREAD_ADDRESS, (_, before: string, address: string, after: string) => {
    const name = basename(address, '.ts');
    if (!Object.keys(ENTRIES).some((source) => fileOf(source) === name))
      throw new Error(`a thread begins at ${address}, which is no entry`);
    return `${before}./${name}.js${after}`;
  });
}

/** Licenses of the packages that these files are of. */
function licensesOf(inputs: readonly string[]): string {
  const folders = new Set<string>();
  for (const input of inputs) {
    const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (found !== null) folders.add(found[1]);
  }
  return [...folders]
    .sort()
    .map((folder) => `---- ${folder.replace(/^.*node_modules\//, '')}\n\n${licenseOf(folder)}`)
    .join('\n');
}

/** In a file of its own, or at the end of what there is to read first. */
function licenseOf(folder: string): string {
  const license = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  if (license !== undefined) return readFileSync(join(folder, license), 'utf8');
  const readme = join(folder, 'README.md');
  const found = existsSync(readme) ? /^#+ licen[cs]e\n[\s\S]*/im.exec(readFileSync(readme, 'utf8')) : null;
  if (found === null) throw new Error(`${folder} has no license`);
  return found[0];
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

async function main(): Promise<void> {
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
  mkdirSync(join(DIST, 'plugins'));
  await buildDialects(join(DIST, 'plugins'));
  console.log(`built ${globSync(['*.{js,cjs}', 'plugins/*'], { cwd: DIST }).join(', ')} into dist/`);
}

if (import.meta.main) await main();
