import { z } from 'zod';

/** How this emulated Redfish service differs from a well-behaved one, each as some vendor's does. */
export const redfishShapeSchema = z.object({
  vendor: z.string().default('Formwork'),
  /** No SessionService: basic authentication alone. */
  sessions: z.boolean().default(true),
  /** A new session is told by Location, or by its body alone. */
  sessionIn: z.enum(['location', 'body']).default('location'),
  /** `strict`: a PATCH without If-Match is 428, with a stale one 412. `never`: If-Match is 412 whatever it says.
   * `weak`: ETags are weak, and compared strongly. */
  etags: z.enum(['none', 'optional', 'strict', 'weak', 'never']).default('optional'),
  /** The boot override lives in a settings resource. */
  settings: z.boolean().default(false),
  /** `whole`: every key of Boot must come. `changed`: unchanged keys are refused. */
  bootPatch: z.enum(['any', 'whole', 'changed']).default('any'),
  /** Where the allowable reset types are told. */
  allowable: z.enum(['inline', 'action-info', 'none']).default('inline'),
  resetTypes: z.array(z.string()).default(['On', 'ForceOff', 'GracefulShutdown', 'ForceRestart', 'PowerCycle']),
  bootTargets: z.array(z.string()).default(['None', 'Pxe', 'Hdd', 'Cd', 'BiosSetup', 'UefiHttp']),
  /** Resets and settings are tasks: 202 and a monitor that is done at the second look. */
  tasks: z.boolean().default(false),
  /** Systems beside ours, and how many members a page of a collection has; 0 for all. */
  moreSystems: z.number().int().min(0).default(0),
  pageSize: z.number().int().min(0).default(0),
  /** Virtual media below the system or the manager; `image-alone` takes no other parameter. */
  media: z.enum(['system', 'manager']).default('system'),
  mediaImageAlone: z.boolean().default(false),
  /** Says that it is inserted and is not connected. */
  mediaNotConnected: z.boolean().default(false),
  /** The service root is answered with a redirect to this address; a path or another host. */
  redirectTo: z.string().nullable().default(null),
});
export type RedfishShape = z.infer<typeof redfishShapeSchema>;
