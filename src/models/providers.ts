// The four wire protocols: a model by its reference, loaded when it is first asked for, so that nothing else pays for it.
import type { LanguageModelV4 } from '@ai-sdk/provider';
import type { ModelRef } from '#contracts/model.ts';
import type { ModelSettings, ProviderSettings } from '#contracts/model-settings.ts';
import { err, ok, type Result } from '#foundation/result.ts';
import type { ModelFailure } from './failure.ts';

/** Gives the model of a reference. Fails for a provider that is not configured or has no key. */
export type FindModel = (model: ModelRef) => Promise<Result<LanguageModelV4, ModelFailure>>;

/** Providers that need no entry in models.yaml once their key is known. */
const KNOWN: Readonly<Record<string, Pick<ProviderSettings, 'kind' | 'url'> & { readonly keyless?: true }>> =
  {
    openai: { kind: 'openai', url: null },
    anthropic: { kind: 'anthropic', url: null },
    google: { kind: 'google', url: null },
    openrouter: { kind: 'openai-compatible', url: 'https://openrouter.ai/api/v1' },
    ollama: { kind: 'openai-compatible', keyless: true, url: 'http://127.0.0.1:11434/v1' },
    lmstudio: { kind: 'openai-compatible', keyless: true, url: 'http://127.0.0.1:1234/v1' },
    vllm: { kind: 'openai-compatible', keyless: true, url: 'http://127.0.0.1:8000/v1' },
  };

/** A provider with what is needed to reach it. */
export interface Provider extends ProviderSettings {
  /** Servers of one's own ask for none. */
  readonly keyNeeded: boolean;
}

/** Providers with what is needed to reach them, the known ones and those of models.yaml. */
export function providersOf(
  settings: ModelSettings,
  keys: Readonly<Record<string, string>>,
): ReadonlyMap<string, Provider> {
  const all = new Map<string, Provider>();
  for (const [name, { kind, url, keyless }] of Object.entries(KNOWN))
    all.set(name, { kind, url, key: keys[name] ?? null, keyNeeded: keyless !== true });
  for (const [name, given] of Object.entries(settings.providers))
    all.set(name, {
      kind: given.kind,
      url: given.url ?? KNOWN[name]?.url ?? null,
      key: given.key ?? keys[name] ?? null,
      // An address of one's own is a server of one's own, until it says otherwise.
      keyNeeded: given.kind !== 'openai-compatible' && given.url === null,
    });
  return all;
}

export function createFinder(providers: ReadonlyMap<string, Provider>): FindModel {
  return async (ref) => {
    const name = ref.slice(0, ref.indexOf('/'));
    const provider = providers.get(name);
    if (provider === undefined) {
      return err(failure(ref, 'unknown-model', `no provider is called ${name}`, knownNames(providers)));
    }
    if (provider.key === null && provider.keyNeeded) {
      const variable = `${name.toUpperCase().replaceAll('-', '_')}_API_KEY`;
      return err(
        failure(
          ref,
          'auth',
          `there is no key for ${name}`,
          `set ${variable}, or providers.${name}.key in models.yaml`,
        ),
      );
    }
    if (provider.kind === 'openai-compatible' && provider.url === null) {
      return err(
        failure(ref, 'bad-request', `${name} has no url`, `set providers.${name}.url in models.yaml`),
      );
    }
    return ok(await load(name, ref.slice(name.length + 1), provider));
  };
}

function knownNames(providers: ReadonlyMap<string, Provider>): string {
  return `name one of ${[...providers.keys()].join(', ')}, or add it to providers in models.yaml`;
}

function failure(model: ModelRef, cause: ModelFailure['cause'], reason: string, next: string): ModelFailure {
  return { model, cause, reason, next, retryAfterMs: null };
}

async function load(
  name: string,
  model: string,
  { kind, url, key }: ProviderSettings,
): Promise<LanguageModelV4> {
  const place = {
    ...(url === null ? {} : { baseURL: url }),
    ...(key === null ? (kind === 'openai-compatible' ? {} : { apiKey: 'none' }) : { apiKey: key }),
  };
  switch (kind) {
    case 'openai':
      return (await import('@ai-sdk/openai')).createOpenAI({ ...place, name }).responses(model);
    case 'anthropic':
      return (await import('@ai-sdk/anthropic')).createAnthropic({ ...place, name })(model);
    case 'google':
      return (await import('@ai-sdk/google')).createGoogle({ ...place, name })(model);
    case 'openai-compatible': {
      const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
      const options = {
        ...place,
        baseURL: url ?? '',
        name,
        includeUsage: true,
        supportsStructuredOutputs: true,
      };
      return createOpenAICompatible(options).chatModel(model);
    }
  }
}
