/**
 * What may stand in an iPXE script. iPXE knows no quotes: white space ends a word, `${` begins a setting, `||`, `&&` and
 * `;` end a command, an end of line ends everything. So values are not quoted, but made of harmless characters alone.
 */

/** A word of a URL or an argument: everything else is percent-encoded as UTF-8, which no reader takes for syntax. */
export const ipxeWord = (value: string): string =>
  [...Buffer.from(value, 'utf8')]
    .map((octet) => {
      const character = String.fromCharCode(octet);
      return /[A-Za-z0-9._~:/@=,+?&-]/.test(character) ? character : `%${octet.toString(16).padStart(2, '0')}`;
    })
    .join('')
    // Alone, these two would end a command.
    .replace(/^&&$/, '%26%26');

/** For `echo`: readable, one line, no longer than a screen's. */
export const ipxeEcho = (text: string): string =>
  text
    .slice(0, 200)
    .replace(/[^A-Za-z0-9 ._:/@=,()'-]/g, '_')
    .trim();
