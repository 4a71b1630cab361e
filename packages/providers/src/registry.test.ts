import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { providerNamed, providers } from './registry.ts';

const options = { siteId: 'site-1', siteName: 'here', dataDirectory: '/nonexistent', log: () => undefined };

describe('the registry', () => {
  it('lists exactly the provider folders, each under its own name', () => {
    const folders = readdirSync(import.meta.dirname, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && existsSync(`${import.meta.dirname}/${entry.name}/provider.ts`))
      .map(({ name }) => name);
    expect(providers.map(({ descriptor }) => descriptor.name).sort()).toEqual(folders.sort());
  });

  it('has the same files in every folder', () => {
    for (const { descriptor } of providers) {
      const files = readdirSync(`${import.meta.dirname}/${descriptor.name}`);
      expect(files).toEqual(
        expect.arrayContaining([
          'client.ts',
          'descriptor.ts',
          'errors.ts',
          'map.ts',
          'provider.ts',
          'provider.test.ts',
        ]),
      );
    }
  });

  it('lists providers whose stage one provides machine-ready exactly once', () => {
    for (const { descriptor } of providers) {
      const provided = descriptor.stageOne.flatMap(({ provides }) => provides);
      expect(provided.filter((capability) => capability === 'machine-ready')).toHaveLength(1);
    }
  });

  it('says of an unknown provider which name is near', () => {
    expect(() => providerNamed('simm')).toThrow(/nearest: sim/);
  });

  it('names every wrong field of a configuration and none of its values', () => {
    const open = () =>
      providerNamed('sim').open({
        ...options,
        configuration: { seed: 'canary-1', steps: { roles: { 'a b': -5 } }, misspelt: 1 },
        credentials: {},
      });
    expect(open).toThrow(/\$\.seed.*\$\.steps\.roles\["a b"\].*misspelt/s);
    expect(open).not.toThrow(/canary-1/);
  });
});
