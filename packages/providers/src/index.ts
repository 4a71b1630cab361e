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
export { imageManifestSchema } from './metal/images/system/image-manifest.ts';
export type { ImageManifest } from './metal/images/system/image-manifest.ts';
export { chooseDisk } from './metal/install/disk-hints/choose-disk.ts';
export type { DiskChoice } from './metal/install/disk-hints/choose-disk.ts';
export { diskHintsSchema } from './metal/install/disk-hints/disk-hints.ts';
export type { Disk, DiskHints } from './metal/install/disk-hints/disk-hints.ts';
export { installReportSchema } from './metal/install/first-boot/install-report.ts';
export type { InstallReport } from './metal/install/first-boot/install-report.ts';
export { parseInstaller } from './metal/install/installers/installer-description.ts';
export type { InstallerDescription, InstallerInput } from './metal/install/installers/installer-description.ts';
export { parseIgnition } from './metal/install/installers/parse-ignition.ts';
export { renderAutoinstall } from './metal/install/installers/render-autoinstall.ts';
export { renderKickstart } from './metal/install/installers/render-kickstart.ts';
export { renderPreseed } from './metal/install/installers/render-preseed.ts';
export type { NetworkDescription, NetworkInput } from './metal/install/network/network-description.ts';
export { parseNetwork } from './metal/install/network/parse-network.ts';
export { renderIfupdown } from './metal/install/network/render-ifupdown.ts';
export { netplanDocument, renderNetplan } from './metal/install/network/render-netplan.ts';
export { renderNetworkManager } from './metal/install/network/render-keyfiles.ts';
export { renderNetworkd } from './metal/install/network/render-networkd.ts';
export type { RenderedFile } from './metal/install/network/rendered-file.ts';
export type { FirstBoot, FirstBootInput } from './metal/install/seed/first-boot-description.ts';
export { seedFiles } from './metal/install/seed/seed-files.ts';
export type { FirstBootBy } from './metal/install/seed/seed-files.ts';
export { seedImage } from './metal/install/seed/seed-image.ts';
export type { SeedFiles } from './metal/install/seed/seed-image.ts';
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
