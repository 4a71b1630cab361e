import { FormworkError } from '@formwork/core';

export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Gives up root for good: no supplementary groups, another group, another user, in this order; all threads of the
 * process with it. Throws when it cannot, or when the way back is still open.
 */
export function dropPrivileges({ uid, gid }: Identity): void {
  const { setgroups, setgid, setuid } = process;
  if (setgroups === undefined || setgid === undefined || setuid === undefined) {
    throw new FormworkError('terminal', 'tftp.no-users', 'this system has no users to become');
  }
  if (process.getuid?.() === uid && process.getgid?.() === gid) return;
  setgroups.call(process, [gid]);
  setgid.call(process, gid);
  setuid.call(process, uid);
  if (regainsRoot()) throw new FormworkError('terminal', 'tftp.privileges-kept', 'the process could become root again');
}

function regainsRoot(): boolean {
  try {
    process.setuid?.(0);
    return true;
  } catch {
    return false;
  }
}
