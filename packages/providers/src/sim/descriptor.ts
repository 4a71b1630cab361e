import type { Descriptor } from '../contract.ts';
import {
  type SimConfiguration,
  type SimCredentials,
  simConfigurationSchema,
  simCredentialsSchema,
} from './configuration.ts';

export const simDescriptor: Descriptor<SimConfiguration, SimCredentials> = {
  name: 'sim',
  title: 'Simulated machines',
  configuration: simConfigurationSchema,
  credentials: simCredentialsSchema,
  scripts: 'simulated',
  optional: ['power', 'console'],
  stageOne: [
    { role: 'machine', requires: [], provides: ['machine-ready'], steps: { apply: 'create', remove: 'destroy' } },
  ],
};
