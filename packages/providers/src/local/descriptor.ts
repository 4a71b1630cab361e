import type { Descriptor } from '../contract.ts';
import {
  localConfigurationSchema,
  localCredentialsSchema,
  type LocalConfiguration,
  type LocalCredentials,
} from './configuration.ts';

export const localDescriptor: Descriptor<LocalConfiguration, LocalCredentials> = {
  name: 'local',
  title: 'This host',
  configuration: localConfigurationSchema,
  credentials: localCredentialsSchema,
  scripts: 'ssh',
  optional: ['power', 'console'],
  stageOne: [
    {
      role: 'machine',
      requires: [],
      provides: ['machine-ready'],
      steps: { apply: 'create', remove: 'destroy' },
    },
  ],
};
