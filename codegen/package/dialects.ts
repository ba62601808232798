/**
 * A dialect as one self-contained file (plugins/host/plugin-file.ts): its entry and all that it imports are put together (esbuild), but
 * for what the host hands in: its errors and values have to be of the host's classes, and it gets cryptography from nowhere else.
 */

import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { compileFunction } from 'node:vm';
import { build, type Plugin } from 'esbuild';
import type { LookaheadTables } from '../../parsers/kit/lookahead-tables.ts';
import { GRAMMARS as MYSQL_GRAMMARS } from '../../parsers/mysql/parse.ts';
import { GRAMMARS } from '../../parsers/postgresql/parse.ts';
import type { Manifest } from '../../plugins/contract/connection.ts';
import { HIDDEN_NAMES, HOST_LIBRARY } from '../../plugins/host/library.ts';
import { readPluginFile, writePluginFile } from '../../plugins/host/plugin-file.ts';
import { BUILD_OPTIONS } from './options.ts';

const ROOT = join(import.meta.dirname, '../..');

/** The dialects of the product: what to hand on as `plugin`, and from where. */
export const DIALECTS: { readonly [dialect: string]: string } = {
  mysql: "export { mysqlWire as plugin } from './parsers/mysql/wire-plugin.ts';",
  postgresql: "export { postgresqlWire as plugin } from './parsers/postgresql/wire-plugin.ts';",
};

/** What recording the grammars finds out, by their names (parsers/kit/lookahead-tables.ts). */
export const lookaheadTables = (): { [grammar: string]: LookaheadTables } =>
  Object.fromEntries(Object.entries({ ...GRAMMARS, ...MYSQL_GRAMMARS }).map(([name, make]) => [name, make({}).tables()]));

/** What a bundle takes from `host` instead of importing it. */
const fromHost: Plugin = {
  name: 'from host',
  setup(builder) {
    builder.onResolve({ filter: /\/sblr\/parse-error\.ts$/ }, () => ({ path: 'errors', namespace: 'host' }));
    builder.onResolve({ filter: /\/contract\/encoded-values\.ts$|^\.\/encoded-values\.ts$/ }, () => ({
      path: 'values',
      namespace: 'host',
    }));
    builder.onResolve({ filter: /^node:crypto$/ }, () => ({ path: 'crypto', namespace: 'host' }));
    builder.onResolve({ filter: /^node:/ }, ({ path, importer }) => ({
      errors: [{ text: `a plugin has no ${path}: ${importer} imports it` }],
    }));
    builder.onLoad({ filter: /.*/, namespace: 'host' }, ({ path }) => ({ contents: `module.exports = host.${path};` }));
  },
};

/** The text of a plugin's file. `entry`: source that exports `plugin`; its imports are relative to `directory`. */
export async function bundleDialect(entry: string, directory = ROOT, define: { [name: string]: string } = {}): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: entry, resolveDir: directory, loader: 'ts' },
    write: false,
    ...BUILD_OPTIONS,
    format: 'cjs',
    minifyWhitespace: true,
    packages: 'bundle',
    define: { ...BUILD_OPTIONS.define, ...define },
    plugins: [fromHost],
  });
  const script = `var module={exports};${outputFiles[0].text}\nexports.plugin=module.exports.plugin;`;
  return writePluginFile(manifestOf(script), script);
}

/** The script says itself what it is. */
function manifestOf(script: string): Manifest {
  const exports: { plugin?: { manifest: Manifest } } = {};
  compileFunction(script, ['exports', 'host', ...HIDDEN_NAMES])(exports, HOST_LIBRARY);
  if (exports.plugin === undefined) throw new Error('the entry of a dialect exports no `plugin`');
  return exports.plugin.manifest;
}

/** Writes a plugin's file into a folder, as <dialect>-<version>.plugin.js. Returns its path. */
function writeDialect(text: string, folder: string): string {
  const { manifest } = readPluginFile(text, 'what was built');
  const path = join(folder, `${manifest.dialect}-${manifest.version}.plugin.js`);
  writeFileSync(path, text);
  return path;
}

/** Writes the product's own into a folder. */
export async function buildDialects(folder: string): Promise<void> {
  const define = { PREPARED_LOOKAHEAD: JSON.stringify(lookaheadTables()) };
  for (const entry of Object.values(DIALECTS)) writeDialect(await bundleDialect(entry, ROOT, define), folder);
}

const HELP = `npm run plugin -- ENTRY [FOLDER]

Puts a dialect together into one file, <dialect>-<version>.plugin.js, that a running server takes. ENTRY is a source that exports
\`plugin\` (plugins/contract/connection.ts: WirePlugin).

example:  npm run plugin -- parsers/plain/plugin.ts`;

async function main([entry, folder = '.']: readonly string[]): Promise<void> {
  if (entry === undefined || entry.startsWith('-')) {
    console.log(HELP);
    process.exitCode = entry === '--help' || entry === '-h' ? 0 : 2;
    return;
  }
  const text = await bundleDialect(`export { plugin } from ${JSON.stringify(resolve(entry))};`);
  console.log(`wrote ${writeDialect(text, folder)}`);
}

if (import.meta.main) await main(process.argv.slice(2));
