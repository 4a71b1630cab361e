import type { Provider } from '@formwork/providers';

/** The provider with a copy of every answer, thrown errors included, added to `answers`: for the hunt for secrets. */
export function watched(provider: Provider, answers: string[]): Provider {
  const note = async <T>(call: Promise<T>): Promise<T> => {
    try {
      const answer = await call;
      answers.push(JSON.stringify(answer));
      return answer;
    } catch (error) {
      answers.push(error instanceof Error ? `${error.stack ?? ''} ${JSON.stringify(error)}` : JSON.stringify(error));
      throw error;
    }
  };
  return {
    ...provider,
    check: (context) => note(provider.check(context)),
    catalogue: (context) => note(provider.catalogue(context)),
    ensureNode: (request, context) => note(provider.ensureNode(request, context)),
    observeNode: (node, context) => note(provider.observeNode(node, context)),
    destroyNode: (node, context) => note(provider.destroyNode(node, context)),
    listOwned: (filter, context) => note(provider.listOwned(filter, context)),
    close: () => provider.close(),
  };
}
