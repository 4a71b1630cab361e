import type { Descriptor } from '../contract.ts';
import {
  type MetalConfiguration,
  type MetalCredentials,
  metalConfigurationSchema,
  metalCredentialsSchema,
} from './configuration.ts';

const none = { remove: null } as const;

export const metalDescriptor: Descriptor<MetalConfiguration, MetalCredentials> = {
  name: 'metal',
  title: 'Physical machines',
  configuration: metalConfigurationSchema,
  credentials: metalCredentialsSchema,
  scripts: 'ssh',
  optional: ['power'],
  stageOne: [
    { role: 'allocate', requires: [], provides: ['machine-allocated'], steps: { apply: 'allocate', ...none } },
    { role: 'power-on', requires: ['allocate'], provides: ['machine-on'], steps: { apply: 'power-on', ...none } },
    {
      role: 'discover',
      requires: ['power-on'],
      provides: ['machine-discovered'],
      steps: { apply: 'discover', ...none },
    },
    {
      role: 'configure-hardware',
      requires: ['discover'],
      provides: ['hardware-configured'],
      steps: { apply: 'configure-hardware', ...none },
    },
    {
      role: 'install-os',
      requires: ['configure-hardware'],
      provides: ['machine-ready'],
      steps: { apply: 'create', remove: 'destroy' },
    },
  ],
};
