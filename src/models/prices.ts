// What a turn costs: a dated table that ships with the product, under what the user's models.yaml says.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type ModelRef, type Price, price, type Usage } from '#contracts/model.ts';

const MILLION = 1_000_000;

const priceTable = z.strictObject({
  /** When the prices were last looked up. */
  date: z.iso.date(),
  source: z.string(),
  models: z.record(
    z.string(),
    price.extend({
      contextTokens: z.int().positive().nullable(),
      outputTokens: z.int().positive().nullable(),
    }),
  ),
});
export type PriceTable = z.infer<typeof priceTable>;

export function readPrices(file: string | URL): PriceTable {
  return priceTable.parse(JSON.parse(readFileSync(file, 'utf8')));
}

export interface Prices {
  readonly date: string;
  readonly source: string;
  /** Null when nobody said what it costs: that is not nothing. */
  of(model: ModelRef): Price | null;
  /** Where the price of a model comes from. */
  origin(model: ModelRef): 'models.yaml' | 'table' | 'unknown';
  contextTokens(model: ModelRef): number | null;
  known(): ModelRef[];
}

export function createPrices(table: PriceTable, own: Readonly<Partial<Record<ModelRef, Price>>>): Prices {
  return {
    date: table.date,
    source: table.source,
    of: (model) => own[model] ?? table.models[model] ?? null,
    origin: (model) =>
      own[model] !== undefined ? 'models.yaml' : table.models[model] === undefined ? 'unknown' : 'table',
    contextTokens: (model) => table.models[model]?.contextTokens ?? null,
    known: () => [...new Set([...Object.keys(table.models), ...Object.keys(own)])].sort(),
  };
}

/**
 * US dollars of a turn; null when a price or a count is missing. A cache bucket without a price of its own costs what
 * fresh input costs, and a thought what output costs: never less than the truth.
 */
export function costOf(found: Price | null, used: Usage): number | null {
  if (found === null || used.input === null || used.output === null) return null;
  const dollars =
    used.input * found.input +
    (used.cacheRead ?? 0) * (found.cacheRead ?? found.input) +
    (used.cacheWrite ?? 0) * (found.cacheWrite ?? found.input) +
    used.output * found.output +
    (used.reasoning ?? 0) * (found.reasoning ?? found.output);
  return dollars / MILLION;
}
