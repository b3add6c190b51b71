// Compares the database with the tables that the code expects, so that a wrong schema is refused at start (S5).
import { getTableConfig, type Table, type TableConfig } from './drizzle.ts';
import type { Database } from './port.ts';

export type SchemaProblemKind =
  | 'missing-table'
  | 'missing-column'
  | 'wrong-type'
  | 'wrong-nullability'
  | 'missing-index'
  | 'wrong-index'
  | 'missing-key';

export interface SchemaProblem {
  readonly kind: SchemaProblemKind;
  readonly table: string;
  /** Column or index; null when the table itself is meant. */
  readonly name: string | null;
  /** One sentence for people. */
  readonly text: string;
}

interface ColumnRow {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
}

interface IndexRow {
  readonly table: string;
  readonly name: string;
  readonly unique: boolean;
  readonly primary: boolean;
  readonly valid: boolean;
  /** Key columns in order; an expression is null. */
  readonly columns: (string | null)[];
}

const COLUMNS = `
  select c.relname as "table", a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as "notNull"
  from pg_class c join pg_attribute a on a.attrelid = c.oid
  where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
    and a.attnum > 0 and not a.attisdropped and c.relname = any($1::text[])`;

const INDEXES = `
  select t.relname as "table", i.relname as name, x.indisunique as "unique", x.indisprimary as "primary",
    x.indisvalid as valid, x.indpred is not null as partial,
    array(
      select a.attname from unnest(x.indkey::int[]) with ordinality as k (attnum, place)
      left join pg_attribute a on a.attrelid = x.indrelid and a.attnum = k.attnum and k.attnum > 0
      where k.place <= x.indnkeyatts order by k.place
    )::text[] as columns
  from pg_index x join pg_class t on t.oid = x.indrelid join pg_class i on i.oid = x.indexrelid
  where t.relnamespace = current_schema()::regnamespace and t.relname = any($1::text[])`;

/** Every difference between the expected tables and the database; empty when all is well. Extra things are no problem. */
export async function checkSchema(db: Database, tables: readonly Table[]): Promise<SchemaProblem[]> {
  const expected = tables.map((table) => getTableConfig(table));
  const names = expected.map((table) => table.name);
  const [columns, indexes] = await Promise.all([
    db.raw<ColumnRow>(COLUMNS, [names]),
    db.raw<IndexRow>(INDEXES, [names]),
  ]);
  return expected.flatMap((table) => {
    const mine = columns.filter((row) => row.table === table.name);
    if (mine.length === 0) {
      return [problem('missing-table', table, null, `table ${table.name} is missing`)];
    }
    const there = indexes.filter((row) => row.table === table.name);
    return [...columnProblems(table, mine), ...indexProblems(table, there), ...keyProblems(table, there)];
  });
}

function columnProblems(table: TableConfig, found: readonly ColumnRow[]): SchemaProblem[] {
  return table.columns.flatMap((column) => {
    const place = `${table.name}.${column.name}`;
    const row = found.find((candidate) => candidate.name === column.name);
    if (row === undefined)
      return [problem('missing-column', table, column.name, `column ${place} is missing`)];
    const [want, have] = [canonicalType(column.getSQLType()), canonicalType(row.type)];
    if (want !== have) {
      return [problem('wrong-type', table, column.name, `column ${place} is ${have}, expected ${want}`)];
    }
    if (column.notNull !== row.notNull) {
      const words = column.notNull ? 'may be null, expected not null' : 'is not null, expected nullable';
      return [problem('wrong-nullability', table, column.name, `column ${place} ${words}`)];
    }
    return [];
  });
}

function indexProblems(table: TableConfig, found: readonly IndexRow[]): SchemaProblem[] {
  return table.indexes.flatMap(({ config }) => {
    const name = config.name ?? '';
    const row = found.find((candidate) => candidate.name === name);
    if (row === undefined)
      return [problem('missing-index', table, name, `index ${name} on ${table.name} is missing`)];
    const want = config.columns.map((column) => ('name' in column ? String(column.name) : null));
    const same = sameColumns(want, row.columns) && config.unique === row.unique && row.valid;
    if (same) return [];
    const words = `${describe(row.unique, row.columns, row.valid)}, expected ${describe(config.unique, want, true)}`;
    return [problem('wrong-index', table, name, `index ${name} on ${table.name} is ${words}`)];
  });
}

/** Primary keys and unique constraints, by their columns: their names are PostgreSQL's affair. */
function keyProblems(table: TableConfig, found: readonly IndexRow[]): SchemaProblem[] {
  const single = table.columns.filter((column) => column.primary).map((column) => column.name);
  const primary = [
    ...(single.length > 0 ? [single] : []),
    ...table.primaryKeys.map((key) => names(key.columns)),
  ];
  const unique = [
    ...table.columns.filter((column) => column.isUnique).map((column) => [column.name]),
    ...table.uniqueConstraints.map((constraint) => names(constraint.columns)),
  ];
  const lacks = (want: string[], fits: (row: IndexRow) => boolean): boolean =>
    !found.some((row) => fits(row) && row.valid && sameColumns(want, row.columns));
  return [
    ...primary
      .filter((want) => lacks(want, (row) => row.primary))
      .map((want) =>
        problem('missing-key', table, null, `table ${table.name} has no primary key (${want.join(', ')})`),
      ),
    ...unique
      .filter((want) => lacks(want, (row) => row.unique))
      .map((want) =>
        problem('missing-key', table, null, `table ${table.name} has no unique key (${want.join(', ')})`),
      ),
  ];
}

function names(columns: readonly { readonly name: string }[]): string[] {
  return columns.map((column) => column.name);
}

function sameColumns(want: readonly (string | null)[], have: readonly (string | null)[]): boolean {
  return want.length === have.length && want.every((name, place) => name === have[place]);
}

function describe(unique: boolean, columns: readonly (string | null)[], valid: boolean): string {
  const list = columns.map((name) => name ?? 'expression').join(', ');
  return `${valid ? '' : 'invalid, '}${unique ? 'unique ' : ''}(${list})`;
}

/** One spelling for a type, whether Drizzle or the catalogue writes it. */
function canonicalType(type: string): string {
  return type
    .toLowerCase()
    .replace(/\s+\(/g, '(')
    .replace(/,\s+/g, ',')
    .replace(/^varchar/, 'character varying')
    .replace(/^char\(/, 'character(')
    .replace(/^bigserial$/, 'bigint')
    .replace(/^serial$/, 'integer')
    .replace(/^smallserial$/, 'smallint')
    .replace(/^timestamp(\(\d+\))?$/, 'timestamp$1 without time zone');
}

function problem(
  kind: SchemaProblemKind,
  table: TableConfig,
  name: string | null,
  text: string,
): SchemaProblem {
  return { kind, table: table.name, name, text };
}
