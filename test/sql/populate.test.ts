/** json_populate_record() and its like in FROM: rows of a table's type out of JSON. */
import { deepStrictEqual, throws } from 'node:assert';
import { test } from 'node:test';
import { open } from '../../engine/api/api.ts';

test('JSON objects become rows of a type: what they lack is NULL, what the type lacks is left out', () => {
  using db = open(':memory:', { pool: 0 });
  db.exec('create table t (id int, tags text[], j jsonb, n numeric(5, 2))');
  const json = '[{"id": 1, "tags": ["a", "b"], "j": {"x": 1}, "n": 1.234}, {"id": 2, "extra": 5}]';
  const rows = db.prepare('select id, tags::text, j::text, n::text from json_populate_recordset(null::t, $1)').raw();
  deepStrictEqual(rows.all(json), [
    [1, '{a,b}', '{"x": 1}', '1.23'],
    [2, null, null, null],
  ]);
  db.exec(`insert into t select * from jsonb_populate_record(null::t, '{"id": 3}')`);
  deepStrictEqual(db.prepare('select * from t').raw().all(), [[3, null, null, null]]);
  throws(() => db.prepare("select * from json_populate_record(null::int, '{}')").all(), { code: '42804' });
  throws(() => db.prepare("select * from json_populate_record((1, null, null, 2)::t, '{}')").all(), { code: '0A000' });
});
