export type {
  CallContext,
  ConsoleCapability,
  Descriptor,
  HostKey,
  MachineAccess,
  NodeAddress,
  NodeReference,
  NodeRequest,
  Observation,
  OpenOptions,
  OwnedResource,
  OwnerTags,
  PowerCapability,
  Provider,
  ProviderErrorKind,
  ProviderFailure,
  ProviderModule,
  SimulatedOutcome,
  SimulatedStep,
  SiteCheck,
  SiteProblem,
  StageOneRole,
  StageStep,
  StepResult,
} from './contract.ts';
export { localConfigurationSchema } from './local/configuration.ts';
export type { LocalConfiguration, LocalCredentials } from './local/configuration.ts';
export { localProvider } from './local/provider.ts';
export { machineSteps } from './machine-steps.ts';
export type { MachineOutputs } from './machine-steps.ts';
export { bmcSettingsProblems } from './metal/bmc-settings.ts';
export { longestFactsReport, parseFactsReport } from './metal/machines/facts-report.ts';
export type { FactsReport } from './metal/machines/facts-report.ts';
export { revealTaskBody } from './metal/machines/reveal-task.ts';
export { failureOf, providerError } from './provider-error.ts';
export { providerNamed, providers } from './registry.ts';
export type { RegisteredProvider } from './registry.ts';
export { realClock, virtualClock } from './sim/clock.ts';
export type { Clock, VirtualClock } from './sim/clock.ts';
export { simConfigurationSchema } from './sim/configuration.ts';
export type { SimConfiguration, SimCredentials } from './sim/configuration.ts';
export { readSimLedger } from './sim/ledger.ts';
export type { SimLedgerEntry } from './sim/ledger.ts';
export { openSim } from './sim/provider.ts';
export type { SimProvider } from './sim/provider.ts';
export { probeSsh } from './ssh-probe.ts';
export type { SshProbeOptions } from './ssh-probe.ts';
export { createBootService } from './metal/boot-service/boot-service.ts';
export type { BootService } from './metal/boot-service/boot-service.ts';
export type { BootServiceDeps, BootSite } from './metal/boot-service/deps.ts';
export { createLeaseView } from './metal/boot-service/lease-view.ts';
export type { LeaseState, LeaseView } from './metal/boot-service/lease-view.ts';
export { signWith } from './metal/agent/signature.ts';
export type { Decided, ForwardedRequest } from './metal/http-boot/listener/messages.ts';
export { metalConfigurationSchema } from './metal/configuration.ts';
export type { MetalConfiguration } from './metal/configuration.ts';
export { isBootHost, serveSite } from './metal/serve-site.ts';
export type { ServeSiteDeps, SiteService, SiteServiceProblem } from './metal/serve-site.ts';
