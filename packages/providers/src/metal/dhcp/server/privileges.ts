import { chown, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Gives the journal to the user, and all rights of root away. Once, after the sockets are bound. */
export async function dropPrivileges(
  user: { readonly uid: number; readonly gid: number },
  directory: string,
): Promise<void> {
  const { getuid, setgroups, setgid, setuid } = process;
  if (getuid === undefined || setgroups === undefined || setgid === undefined || setuid === undefined) {
    throw new Error('this system has no users to drop to: leave `user` out');
  }
  if (getuid() === user.uid) return;
  await chown(directory, user.uid, user.gid);
  for (const name of await readdir(directory)) await chown(join(directory, name), user.uid, user.gid);
  setgroups.call(process, []);
  setgid.call(process, user.gid);
  setuid.call(process, user.uid);
}
