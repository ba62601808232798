/**
 * What CREATE EXTENSION knows: extensions of PostgreSQL whose functions there are, each as the script that makes them, in SQL over
 * primitives of the engine. Functions that are part of a database anyway need no script.
 */

export interface Extension {
  readonly version: string;
  readonly comment: string;
  readonly trusted: boolean;
  /** CREATE FUNCTION ...; without schemas: they come to lie in the extension's. */
  readonly script: string;
  /** Said when it is made: what of it there is not. */
  readonly lacks?: string;
}

const asks = (volatility: string, head: string, body: string): string =>
  `create function ${head} ${volatility} strict language sql as $$select ${body}$$;`;
const fixed = (head: string, body: string): string => asks('immutable', head, body);
const changing = (head: string, body: string): string => asks('volatile', head, body);

const NAMESPACES: readonly (readonly [name: string, uuid: string])[] = [
  ['uuid_nil', '00000000-0000-0000-0000-000000000000'],
  ['uuid_ns_dns', '6ba7b810-9dad-11d1-80b4-00c04fd430c8'],
  ['uuid_ns_url', '6ba7b811-9dad-11d1-80b4-00c04fd430c8'],
  ['uuid_ns_oid', '6ba7b812-9dad-11d1-80b4-00c04fd430c8'],
  ['uuid_ns_x500', '6ba7b814-9dad-11d1-80b4-00c04fd430c8'],
];

const UUID_OSSP = [
  ...NAMESPACES.map(([name, uuid]) => fixed(`${name}() returns uuid`, `'${uuid}'::pg_catalog.uuid`)),
  changing('uuid_generate_v1() returns uuid', 'pg_catalog.sb_uuid_by_time()'),
  changing('uuid_generate_v1mc() returns uuid', 'pg_catalog.sb_uuid_by_time()'),
  fixed('uuid_generate_v3(namespace uuid, name text) returns uuid', 'pg_catalog.sb_uuid_by_name($1, $2, 3)'),
  changing('uuid_generate_v4() returns uuid', 'pg_catalog.gen_random_uuid()'),
  fixed('uuid_generate_v5(namespace uuid, name text) returns uuid', 'pg_catalog.sb_uuid_by_name($1, $2, 5)'),
].join('\n');

const UTF8 = (text: string): string => `pg_catalog.convert_to(${text}, 'UTF8')`;

const PGCRYPTO = [
  fixed('digest(text, text) returns bytea', `pg_catalog.sb_digest(${UTF8('$1')}, $2)`),
  fixed('digest(bytea, text) returns bytea', 'pg_catalog.sb_digest($1, $2)'),
  fixed('hmac(text, text, text) returns bytea', `pg_catalog.sb_hmac(${UTF8('$1')}, ${UTF8('$2')}, $3)`),
  fixed('hmac(bytea, bytea, text) returns bytea', 'pg_catalog.sb_hmac($1, $2, $3)'),
  changing('gen_random_bytes(integer) returns bytea', 'pg_catalog.sb_random_bytes($1)'),
].join('\n');

export const EXTENSIONS: ReadonlyMap<string, Extension> = new Map([
  [
    'uuid-ossp',
    {
      version: '1.1',
      comment: 'generate universally unique identifiers (UUIDs)',
      trusted: true,
      script: UUID_OSSP,
    },
  ],
  [
    'pgcrypto',
    {
      version: '1.3',
      comment: 'cryptographic functions',
      trusted: true,
      script: PGCRYPTO,
      lacks: 'of extension "pgcrypto" there are digest(), hmac(), gen_random_bytes() and gen_random_uuid()',
    },
  ],
  [
    'pg_stat_statements',
    {
      version: '1.10',
      comment: 'track planning and execution statistics of all SQL statements executed',
      trusted: false,
      script: '',
    },
  ],
]);
