// How models, their tests and their prices read as text.
import { plainText } from '#foundation/text.ts';
import { table } from '../output.ts';
import type { Out, Presenting } from './presenter.ts';

export const MODEL_PRESENTERS = { models: modelsText, modelsTested: testedText, prices: pricesText };

type Price = Out<'model.prices'>['prices'][number]['price'];

function modelsText({ providers, models, roles, file }: Out<'model.list'>, view: Presenting): string {
  const { terminal } = view;
  const rows = providers.map(({ name, kind, url, key }) => [name, kind, key, url ?? 'its own']);
  const list = table(['PROVIDER', 'SPEAKS', 'KEY', 'URL'], rows, terminal);
  if (models.length === 0) {
    return `${list}\nno model is chosen yet: name some under tiers in ${file}\ntry one with cambium model test PROVIDER/NAME\n`;
  }
  const chosen = models.map(({ model, tier, price, contextTokens, breaker }) => [
    model,
    tier,
    price === null ? 'unpriced' : perMillion(price),
    contextTokens === null ? '?' : String(contextTokens),
    breaker,
  ]);
  const assigned = Object.entries(roles).map(([role, tier]) => `${role}: ${tier}`);
  const foot =
    assigned.length === 0
      ? 'every role takes the strong tier'
      : `roles  ${assigned.join(', ')}; others: strong`;
  return `${list}\n${table(['MODEL', 'TIER', '$ IN / OUT', 'CONTEXT', 'BREAKER'], chosen, terminal)}\n${foot}\n`;
}

function testedText({ tested }: Out<'model.test'>, { paint }: Presenting): string {
  return tested
    .map(({ model, text, tools, firstTextMs, totalMs, costUsd }) => {
      const time =
        firstTextMs === null ? '' : `  first word after ${firstTextMs} ms, all after ${totalMs} ms`;
      const cost =
        text.outcome === 'works' ? `  ${costUsd === null ? 'unpriced' : `$${costUsd.toFixed(6)}`}` : '';
      const lines = [
        `${paint('strong', model)}${time}${cost}`,
        ...[['answers', text] as const, ['tools', tools] as const].map(([what, probe]) => {
          const tone = probe.outcome === 'works' ? 'good' : probe.outcome === 'fails' ? 'bad' : 'faint';
          const next =
            probe.next === null ? '' : `\n           ${paint('faint', 'next:')} ${plainText(probe.next)}`;
          return `  ${what.padEnd(8)} ${paint(tone, probe.outcome)}  ${plainText(probe.said)}${next}`;
        }),
      ];
      return `${lines.join('\n')}\n`;
    })
    .join('\n');
}

function pricesText({ date, source, prices }: Out<'model.prices'>, { terminal }: Presenting): string {
  if (prices.length === 0)
    return 'no model of that name has a known price; give it one under prices in models.yaml\n';
  const rows = prices.map(({ model, price, origin }) => [
    model,
    money(price.input),
    money(price.output),
    money(price.cacheRead),
    money(price.cacheWrite),
    origin,
  ]);
  const head = ['MODEL', 'IN', 'OUT', 'CACHE READ', 'CACHE WRITE', 'FROM'];
  return `${table(head, rows, terminal)}\nUS dollars for a million tokens, as of ${date}: ${source}\n`;
}

function perMillion({ input, output }: Price): string {
  return `${money(input)} / ${money(output)}`;
}

function money(value: number | null | undefined): string {
  return value === null || value === undefined ? '-' : String(value);
}
