// The language models as they are configured: loaded only when a verb asks for them.
import { fileURLToPath } from 'node:url';
import { createChance } from '#foundation/chance.ts';
import { AppError } from '#foundation/errors.ts';
import type { ModelDesk, OperationContext } from '#operations/context.ts';
import type { Base } from './base.ts';

const PRICES_FILE = fileURLToPath(new URL('../../presets/models/prices.json', import.meta.url));

/** Reads models.yaml and makes the gateway; every call goes through the budgets. @throws AppError CONFIG_INVALID with every mistake and its place. */
export async function createDesk({ clock }: Base, budgets: OperationContext['budgets']): Promise<ModelDesk> {
  const [{ readEnvironment }, { loadModels }] = await Promise.all([
    import('#config/environment.ts'),
    import('#config/models.ts'),
  ]);
  const { userDirectory, variables } = readEnvironment();
  const loaded = await loadModels({ userDirectory, environment: variables });
  if (!loaded.ok) {
    const problems = loaded.error.map(({ origin, message }) => `${origin}  ${message}`);
    throw new AppError('CONFIG_INVALID', {
      message: `the settings of the models are not valid\n  ${problems.join('\n  ')}`,
      next: 'mend the file, then cambium model list',
      details: { problems: loaded.error },
    });
  }
  const [
    { createBreakers },
    { createModels },
    { createPrices, readPrices },
    providersFile,
    { createRedact },
  ] = await Promise.all([
    import('#models/breaker.ts'),
    import('#models/gateway.ts'),
    import('#models/prices.ts'),
    import('#models/providers.ts'),
    import('#models/redact.ts'),
  ]);
  const { settings, keys, file } = loaded.value;
  const providers = providersFile.providersOf(settings, keys);
  const prices = createPrices(readPrices(PRICES_FILE), settings.prices);
  const models = createModels({
    settings,
    find: providersFile.createFinder(providers),
    prices,
    breakers: createBreakers(clock),
    clock,
    chance: createChance(),
    meter: {
      reserve: async (call) => (await budgets()).reserve({ ...call, allowUnpriced: settings.allowUnpriced }),
    },
  });
  const secrets = [...providers.values()].flatMap(({ key }) => (key === null ? [] : [key]));
  return { models, settings, providers, prices, redact: createRedact(secrets), file };
}
