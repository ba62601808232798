/** The dialects that come with the server. */

import { mysqlWire } from '../../parsers/mysql/wire-plugin.ts';
import { postgresqlWire } from '../../parsers/postgresql/wire-plugin.ts';
import type { WirePlugin } from '../../plugins/contract/connection.ts';
import type { ServerOptions } from './options.ts';

/** Those that these settings ask for; the first one is PostgreSQL's. */
export const wiresFor = ({ mysqlPort }: Pick<ServerOptions, 'mysqlPort'>): readonly WirePlugin[] =>
  mysqlPort >= 0 ? [postgresqlWire, mysqlWire] : [postgresqlWire];
