/**
 * A dialect as one self-contained file (plugins/host/plugin-file.ts): its entry and all that it imports are put together (esbuild), but
 * for what the host hands in: its errors and values have to be of the host's classes, and it gets cryptography from nowhere else.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileFunction } from 'node:vm';
import { build, type Plugin } from 'esbuild';
import type { LookaheadTables } from '../../parsers/kit/lookahead-tables.ts';
import { GRAMMARS } from '../../parsers/postgresql/parse.ts';
import type { Manifest } from '../../plugins/contract/connection.ts';
import { HIDDEN_NAMES, HOST_LIBRARY } from '../../plugins/host/library.ts';
import { writePluginFile } from '../../plugins/host/plugin-file.ts';
import { BUILD_OPTIONS } from './options.ts';

const ROOT = join(import.meta.dirname, '../..');

/** The dialects of the product: what to hand on as `plugin`, and from where. */
export const DIALECTS: { readonly [dialect: string]: string } = {
  postgresql: "export { postgresqlWire as plugin } from './parsers/postgresql/wire-plugin.ts';",
};

/** What recording the grammars finds out, by their names (parsers/kit/lookahead-tables.ts). */
export const lookaheadTables = (): { [grammar: string]: LookaheadTables } =>
  Object.fromEntries(Object.entries(GRAMMARS).map(([name, make]) => [name, make({}).tables()]));

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

/** Writes the product's own as <folder>/<dialect>-<version>.plugin.js. Returns their names. */
export async function buildDialects(folder: string): Promise<string[]> {
  const define = { PREPARED_LOOKAHEAD: JSON.stringify(lookaheadTables()) };
  const names: string[] = [];
  for (const [dialect, entry] of Object.entries(DIALECTS)) {
    const text = await bundleDialect(entry, ROOT, define);
    const version = /"version":"([^"]+)"/.exec(text)?.[1];
    const name = `${dialect}-${version}.plugin.js`;
    writeFileSync(join(folder, name), text);
    names.push(name);
  }
  return names;
}
