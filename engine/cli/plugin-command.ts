/** `scratchbird plugin`: the dialects of a server that runs, and their versions. */

import { resolve } from 'node:path';
import { askServer, type ControlRequest } from '../server/control-socket.ts';
import type { PluginReport } from '../server/plugin-control.ts';
import { CommandError } from './command-error.ts';
import { type Command, type Given, report } from './commands.ts';

const ACTIONS = ['list', 'load', 'swap', 'replace', 'rollback', 'unload'] as const;
type Action = (typeof ACTIONS)[number];

/** A report as it comes over the socket: times are texts. */
type Listed = Omit<PluginReport, 'loadedAt'> & { readonly loadedAt: string };

function wanted(values: readonly string[], ...names: string[]): string[] {
  if (values.length !== names.length)
    throw new CommandError(`it takes ${names.join(' and ') || 'nothing more'}`, 'scratchbird plugin --help shows examples');
  return [...values];
}

function requestOf(action: Action, values: readonly string[]): ControlRequest {
  switch (action) {
    case 'list':
      wanted(values);
      return { do: 'plugin.list' };
    case 'load':
    case 'replace':
      return { do: `plugin.${action}`, path: resolve(wanted(values, 'FILE')[0]) };
    case 'swap': {
      const [dialect, version] = wanted(values, 'DIALECT', 'VERSION');
      return { do: 'plugin.swap', dialect, version };
    }
    case 'rollback':
      return { do: 'plugin.rollback', dialect: wanted(values, 'DIALECT')[0] };
    default: {
      const [dialect, version] = values.length === 2 ? values : wanted(values, 'DIALECT');
      return { do: 'plugin.unload', dialect, version };
    }
  }
}

function table(versions: readonly Listed[]): string {
  const rows = versions.map((one) => {
    const { manifest, sha256, isCurrent, connections, batches, faults } = one;
    const from = one.path === '' ? sha256 : `${sha256.slice(0, 12)} ${one.path}`;
    return [isCurrent ? '*' : '', `#${one.number}`, manifest.dialect, manifest.version, connections, batches, faults, from].map(
      String,
    );
  });
  const all = [['', '', 'dialect', 'version', 'connections', 'batches', 'faults', 'from'], ...rows];
  const widths = all[0].map((_, column) => Math.max(...all.map((row) => row[column].length)));
  return all
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export const pluginCommand: Command = {
  help: `scratchbird plugin [options] ACTION ...

The dialects of a server that runs. Versions change under its clients: those that are connected go on with the version they have.

  list                      versions; * is what new clients get
  load FILE                 verifies and tries a version; the first of a dialect is served at once, on its port
  swap DIALECT VERSION      new clients get this version; '#3' is the third one that was loaded
  replace FILE              load and swap
  rollback DIALECT          back to the version before
  unload DIALECT [VERSION]  the dialect is served no more; or a version that is not current is forgotten

      --data DIR     directory of the server's database, scratchbird-data unless said otherwise
      --json         answers as JSON

Examples
  scratchbird plugin list
  scratchbird plugin replace dist/plugins/postgresql-1.0.1.plugin.js --data shop.sbd
  scratchbird plugin rollback postgresql`,
  options: { data: { type: 'string' } },
  positionals: ['ACTION', 'FIRST?', 'SECOND?'],
  async run(given: Given) {
    const [action, ...values] = given.positionals;
    if (!ACTIONS.includes(action as Action))
      throw new CommandError(`there is no action "${action}"`, `there are ${ACTIONS.join(', ')}`);
    const data = String(given.values.data ?? 'scratchbird-data');
    const answer = await askServer(data, requestOf(action as Action, values));
    if (action === 'list') {
      const versions = answer as readonly Listed[];
      report(given, { plugins: versions }, table(versions));
    } else {
      const version = answer as Listed | null;
      const text =
        version === null
          ? 'unloaded'
          : `${version.manifest.dialect} ${version.manifest.version} ${version.isCurrent ? 'is used' : 'is loaded'}`;
      report(given, { plugin: version }, text);
    }
    return 0;
  },
};
