/** Plugins for tests: scripts as the build makes them, of a dialect that knows nothing. */

import { CONTRACT_VERSION, type Manifest } from '../contract/connection.ts';
import { writePluginFile } from './plugin-file.ts';

export const manifestOf = (version: string, more: Partial<Manifest> = {}): Manifest => ({
  ...{ name: 'echo', version, contract: CONTRACT_VERSION, dialect: 'echo', port: 0, capabilities: [] },
  ...more,
});

/** The script of a plugin; `selfTest`: body of that function. */
export const scriptOf = (manifest: Manifest, selfTest = '', top = ''): string => `${top}
  const nothing = () => { throw host.errors.plainError('0A000', 'echo knows nothing'); };
  exports.plugin = {
    manifest: ${JSON.stringify(manifest)},
    dialect: {
      name: ${JSON.stringify(manifest.dialect)}, version: '1', semantics: {},
      parse: nothing, normalise: () => null, parseNormalised: nothing, offsets: () => [], literalOrdinals: () => [],
      statementEnd: (text) => text.length, render: (node) => String(node.op),
    },
    createConnection: () => ({}),
    makeVerifier: (password) => host.crypto.createHash('sha256').update(password).digest('hex'),
    selfTest: () => { ${selfTest} },
  };`;

export const pluginText = (version: string, selfTest?: string, top?: string): string =>
  writePluginFile(manifestOf(version), scriptOf(manifestOf(version), selfTest, top));
