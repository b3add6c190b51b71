// How budgets and costs read as text.
import { table } from '../output.ts';
import type { Out, Presenting } from './presenter.ts';

export const MONEY_PRESENTERS = { budgets: budgetsText, cost: costText };

function budgetsText({ budgets }: Out<'budget.show'>, { terminal }: Presenting): string {
  if (budgets.length === 0) return 'no limits: set one with cambium budget set global --usd 20 --per month\n';
  const rows = budgets.map((each) => [
    each.ref === '' ? each.scope : `${each.scope}:${each.ref}`,
    each.period,
    each.limitUsd === null ? '-' : `${money(each.usedUsd)} of ${money(each.limitUsd)}`,
    each.limitTokens === null ? '-' : `${each.usedTokens} of ${each.limitTokens}`,
    `${Math.round(each.share * 100)} %`,
    each.state,
    each.unpricedCalls === 0 ? '' : `${each.unpricedCalls} unpriced calls`,
  ]);
  return table(['BUDGET', 'PER', 'MONEY', 'TOKENS', 'USED', 'STATE', ''], rows, terminal);
}

function costText({ by, days, rows, forecast }: Out<'insights.cost'>, { terminal }: Presenting): string {
  if (rows.length === 0) return `no model was called in the last ${days} days\n`;
  const lines = rows.map((row) => [
    row.of ?? '(none)',
    String(row.calls),
    row.unpricedCalls === 0 ? money(row.usd) : `${money(row.usd)} + ${row.unpricedCalls} unpriced`,
    String(row.inputTokens),
    String(row.cachedTokens),
    String(row.outputTokens),
  ]);
  const list = table([by.toUpperCase(), 'CALLS', 'COST', 'INPUT', 'CACHED', 'OUTPUT'], lines, terminal);
  const foot =
    forecast === null
      ? 'too few runs with charges to say what the next one will cost'
      : `a run costs ${money(forecast.medianUsd)} in the middle; four of five ${money(forecast.lowUsd)} to ${money(forecast.highUsd)} (${forecast.runs} runs)`;
  return `${list}\n${foot}\n`;
}

function money(usd: number): string {
  return `$${usd.toFixed(usd !== 0 && usd < 0.01 ? 6 : 2)}`;
}
